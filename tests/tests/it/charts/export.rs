//! Pictures: of real bars, whole at any moment, and no trouble for anyone where they cannot be written.

use std::collections::BTreeMap;
use std::io::Cursor;

use e2e::{Spawned, TempPath, eventually, get, post};
use serde_json::{Value, json};

use super::{Charts, charts, connected};

/// Rising and falling bars, in the light theme.
const RISING: [u8; 3] = [0x12, 0x96, 0x7f];
const FALLING: [u8; 3] = [0xd8, 0x40, 0x4f];

/// Tests that look again and again are no reason for a server to refuse.
const UNLIMITED: [&str; 2] = ["--http-rate", "0"];

fn slow_charts() -> Charts {
    charts(&[&["--speed", "0.01"], UNLIMITED.as_slice()].concat())
}

fn refresh(server: &Spawned, kind: &str) -> Value {
    let body = json!({ "timeframe": "5M", "chart_type": kind });
    let answer = post(&server.url("/refresh-chart"), None, &body.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The picture, once it is there.
async fn picture(server: &Spawned, name: &str) -> Vec<u8> {
    let url = server.url(&format!("/charts/{name}.png"));
    eventually(name, || {
        let answer = get(&url);
        (answer.status == 200).then_some(answer.bytes)
    })
    .await
}

/// The colours of a picture once it shows what rises and what falls.
async fn picture_with_bars(server: &Spawned, name: &str) -> BTreeMap<[u8; 3], usize> {
    let url = server.url(&format!("/charts/{name}.png"));
    eventually(&format!("bars on {name}"), || {
        let answer = get(&url);
        let colours = (answer.status == 200).then(|| colours(&answer.bytes))?;
        let shows = |colour| colours.get(colour).is_some_and(|pixels| *pixels > 300);
        (shows(&RISING) && shows(&FALLING)).then_some(colours)
    })
    .await
}

fn status(server: &Spawned) -> Value {
    get(&server.url("/status")).json()
}

/// How many pixels there are of each colour.
fn colours(picture: &[u8]) -> BTreeMap<[u8; 3], usize> {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a whole PNG");
    assert_eq!((info.width, info.height, info.color_type), (1_200, 640, png::ColorType::Rgba));
    let mut colours = BTreeMap::new();
    for pixel in pixels.chunks_exact(4) {
        *colours.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
    }
    colours
}

#[tokio::test]
async fn a_picture_shows_the_bars_there_are_and_zones_where_asked_for() {
    let charts = slow_charts();
    for kind in ["live", "zones"] {
        refresh(&charts.server, kind);
    }
    // The first pictures may be from before the recording's history.
    let live = picture_with_bars(&charts.server, "5M").await;
    let zones = picture_with_bars(&charts.server, "zones").await;
    assert!(zones != live, "zones are drawn");
    assert!(zones[&[255; 3]] < live[&[255; 3]], "their bands cover paper");
}

#[tokio::test]
async fn readers_get_whole_pictures_while_new_ones_are_written() {
    let charts = slow_charts();
    picture(&charts.server, "5M").await;
    let before = status(&charts.server)["exported"].as_u64().unwrap();
    let url = charts.server.url("/charts/5M.png");
    eventually("three more exports", || {
        refresh(&charts.server, "live");
        for _ in 0..5 {
            let picture = get(&url);
            assert_eq!((picture.status, &picture.bytes[..8]), (200, &b"\x89PNG\r\n\x1a\n"[..]));
            assert_eq!(&picture.bytes[picture.bytes.len() - 8..picture.bytes.len() - 4], b"IEND");
        }
        (status(&charts.server)["exported"].as_u64().unwrap() >= before + 3).then_some(())
    })
    .await;
    assert!(partial_files(&charts).is_empty(), "{:?}", partial_files(&charts));
}

fn partial_files(charts: &Charts) -> Vec<String> {
    let names = std::fs::read_dir(&charts.folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.contains("partial")).collect()
}

#[tokio::test]
async fn where_nothing_can_be_written_the_broadcast_goes_on_and_exports_pause() {
    // A file stands where the folder should be; nobody may make folders in the other.
    let place = TempPath::new("no-folder");
    std::fs::write(&place, "").unwrap();
    for folder in [place.argument(), "/proc/charts"] {
        let server = Spawned::start("charts", &["--speed", "0.01", "--folder", folder, "--http-rate", "0"]);
        let mut socket = connected(&server).await;
        for _ in 0..3 {
            assert_eq!(refresh(&server, "live")["clients"], 1);
            assert_eq!(socket.next_text().await, "chart:5M");
        }
        let failed = || (status(&server)["exports_failed"] == 1).then_some(());
        eventually("the failed export", failed).await;
        assert_eq!(get(&server.url("/charts/5M.png")).status, 404);
        assert_eq!(server.output().matches("cannot export").count(), 1, "{}", server.output());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_full_disk_the_old_picture_stays_and_exports_go_on_after_the_pause() {
    let pause = ["--speed", "0.01", "--cool-down", "0.5"];
    let charts = charts(&[&pause, UNLIMITED.as_slice()].concat());
    let mut socket = connected(&charts.server).await;
    refresh(&charts.server, "live");
    assert_eq!(socket.next_text().await, "chart:5M");
    picture(&charts.server, "5M").await;
    // What is written there finds no space left on the device.
    let partial = charts.folder.join("5M.png.partial");
    eventually("the failed export", || {
        // A file of an export that runs may stand there just now.
        let _ = std::os::unix::fs::symlink("/dev/full", &partial);
        refresh(&charts.server, "live");
        (status(&charts.server)["exports_failed"].as_u64() > Some(0)).then_some(())
    })
    .await;
    assert!(charts.server.output().contains("No space left"), "{}", charts.server.output());
    assert_eq!(socket.next_text().await, "chart:5M");
    let still = get(&charts.server.url("/charts/5M.png"));
    assert_eq!(still.status, 200, "the old picture is served");
    assert!(!colours(&still.bytes).is_empty(), "and is whole");
    // The loop may have put it there once more.
    let _ = std::fs::remove_file(&partial);
    let before = status(&charts.server)["exported"].as_u64();
    eventually("an export after the pause", || {
        refresh(&charts.server, "live");
        (status(&charts.server)["exported"].as_u64() > before).then_some(())
    })
    .await;
}
