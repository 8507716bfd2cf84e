//! What becomes of a publication that is offered: it is queued, replaces another, or finds no room.

use std::sync::Arc;

use super::Outbound;
use super::lanes::{Entry, Lanes, SlotKey};
use crate::hub::{ENTRY_COST, FRAME_ROOM, Outlet, Publication, PublicationKind};
use crate::protocol::Overflow;

impl Outbound {
    /// Queues a publication, or acts on its overflow policy.
    pub(super) fn offer_to(&self, lanes: &mut Lanes, publication: &Arc<Publication>) {
        self.offer_as(lanes, publication, 1, 0);
    }

    /// The same for one that stands for so many values, and so many ahead of it were given up already.
    pub(super) fn offer_as(&self, lanes: &mut Lanes, publication: &Arc<Publication>, values: u64, lost: u64) {
        if lanes.overflowed || lanes.ended {
            return;
        }
        if lost > 0 {
            self.node.shared().metrics.dropped(publication.route, lost);
        }
        if let Some(lag) = lanes.lag(&publication.topic) {
            match publication.kind {
                PublicationKind::Update => {
                    lag.dropped += values + lost;
                    self.node.shared().metrics.dropped(publication.route, values);
                    return;
                }
                // It would follow the notice and be taken for the fresh one.
                PublicationKind::Snapshot => return,
                PublicationKind::Message => {}
            }
        }
        if publication.kind == PublicationKind::Snapshot {
            // Values that wait for their interval are older than the snapshot, and may be of keys that it does not hold.
            lanes.end_rest(&publication.topic);
        }
        if !self.make_room(lanes, publication, values) {
            return;
        }
        if let Some(key) = &publication.conflation_key {
            if lost > 0 {
                // Its values have no order among each other: whichever is next may say so.
                *lanes.rare().dropped.entry(publication.topic.clone()).or_default() += lost;
            }
            self.offer_latest(lanes, publication, key, values);
            return;
        }
        lanes.data_bytes += publication.cost();
        let publication = publication.clone();
        lanes.data.push_back(match lost {
            0 => Entry::Frame(publication),
            _ => Entry::Behind(lost, publication),
        });
        lanes.wake_if_first();
    }

    fn offer_latest(&self, lanes: &mut Lanes, publication: &Arc<Publication>, key: &str, values: u64) {
        let slot_key: SlotKey = (publication.topic.clone(), key.into());
        let slot = lanes.rare.get_or_insert_default().slots.entry(slot_key.clone()).or_default();
        if let Some((waiting, count)) = &mut slot.waiting {
            lanes.data_bytes = lanes.data_bytes + publication.cost() - waiting.cost();
            *waiting = publication.clone();
            *count += values;
            self.node.shared().metrics.conflated(publication.route, values);
            return;
        }
        slot.waiting = Some((publication.clone(), values));
        if values > 1 {
            self.node.shared().metrics.conflated(publication.route, values - 1);
        }
        lanes.data_bytes += publication.cost();
        if !slot.resting {
            lanes.data.push_back(Entry::Slot(slot_key));
            lanes.wake_if_first();
        }
        // A resting slot needs no wake: the loop's timer knows when it may send again.
    }

    /// Whether there is room for a publication: some of any size where nothing else waits, and for a snapshot where no
    /// more than half of the room is taken, as everything begins with it.
    fn fits(&self, lanes: &Lanes, publication: &Publication) -> bool {
        let (size, replaced) = (publication.cost(), lanes.cost_of_replaced(publication));
        let others = lanes.data_bytes - replaced;
        let is_due = publication.kind == PublicationKind::Snapshot && others <= self.limit / 2;
        size <= replaced || others == 0 || is_due || others + size <= self.limit
    }

    /// Makes room by the topic's policy; `false` where the publication is not to be queued.
    fn make_room(&self, lanes: &mut Lanes, publication: &Arc<Publication>, values: u64) -> bool {
        if self.fits(lanes, publication) {
            return true;
        }
        // A client that is only just connected has its greetings first, which messages to everyone must not overtake.
        if publication.kind != PublicationKind::Message || lanes.greeted {
            self.drain(lanes);
            if self.fits(lanes, publication) {
                return true;
            }
        }
        let overflow = publication.delivery.overflow;
        if publication.kind == PublicationKind::Message || overflow == Overflow::Close {
            lanes.overflowed = true;
            lanes.wake();
            return false;
        }
        if publication.kind == PublicationKind::Snapshot {
            // A topic that may lose updates may as well wait for its snapshot.
            lanes.put_off(&publication.topic);
            return false;
        }
        if overflow == Overflow::Resync {
            self.begin_anew(lanes, &publication.topic, publication.route, values);
            return false;
        }
        // The newest of a topic waits however much others do: it says what was dropped, also where no more comes.
        self.drop_oldest(lanes, publication);
        true
    }

    /// Gives up all that waits of a topic beside so many updates that were: it is begun anew when there is room.
    pub(super) fn begin_anew(&self, lanes: &mut Lanes, topic: &Arc<str>, route: &'static str, lost: u64) {
        // A snapshot that still waits would come after the notice and be taken for the fresh one.
        let lost = lost + lanes.remove_updates(topic, true);
        lanes.rare().lagging.entry(topic.clone()).or_default().dropped += lost;
        if lost > 0 {
            self.node.shared().metrics.dropped(route, lost);
        }
        lanes.wake();
    }

    fn drop_oldest(&self, lanes: &mut Lanes, publication: &Arc<Publication>) {
        let (topic, mut lost) = (&publication.topic, 0);
        while !self.fits(lanes, publication) {
            match lanes.drop_oldest(topic) {
                0 => break,
                count => lost += count,
            }
        }
        if lost > 0 {
            *lanes.rare().dropped.entry(topic.clone()).or_default() += lost;
            self.node.shared().metrics.dropped(publication.route, lost);
        }
    }

    /// Lets what waits leave as far as the socket takes it at once, where it is much; says whether a snapshot finds room.
    pub(in crate::connection) fn make_way(&self) -> bool {
        let mut lanes = self.lock();
        if lanes.data_bytes > self.limit / 2 {
            self.drain(&mut lanes);
        }
        lanes.data_bytes <= self.limit / 2
    }

    /// The same for the snapshot of a topic that may have been postponed: it is made now, and not once more when there is
    /// room.
    pub(in crate::connection) fn make_way_for(&self, topic: &Arc<str>) -> bool {
        let has_room = self.make_way();
        let mut lanes = self.lock();
        if has_room && lanes.lag(topic).is_some_and(|lag| lag.dropped == 0) {
            lanes.end_lag(topic);
        }
        has_room
    }

    /// The same for the snapshot that a service has made, which may also fit into what little room there is.
    pub(in crate::connection) fn make_way_for_made(&self, topic: &str, payload: Option<&str>) -> bool {
        let most = |payload: &str| payload.len() + 2 * topic.len() + FRAME_ROOM + ENTRY_COST;
        self.make_way() || payload.is_some_and(|payload| most(payload) <= self.room())
    }

    /// Has the loop begin a topic, whose updates are held back, when there is room for its snapshot.
    pub(in crate::connection) fn postpone(&self, topic: &Arc<str>) {
        self.lock().put_off(topic);
    }

    /// Writes what waits as far as the socket takes it at once: before anything is given up for want of room. One burst may
    /// bring more than the room, and its reader be none the slower. A socket that is known to take nothing is left to the
    /// loop, as is one that cannot be asked without waiting.
    fn drain(&self, lanes: &mut Lanes) {
        if !self.stream.is_direct() {
            return;
        }
        while lanes.partial.is_empty() {
            let (joined, resync) = self.gather(lanes);
            if joined.is_empty() {
                if let Some(lag) = resync.and_then(|topic| lanes.lag(&topic)) {
                    // Only the loop can see to it.
                    lag.announced = false;
                }
                break;
            }
            lanes.write(&self.stream, joined);
        }
        lanes.wake();
    }
}
