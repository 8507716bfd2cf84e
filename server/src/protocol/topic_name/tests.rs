use serde_json::Value;

use crate::protocol::fuzzing;

#[test]
fn agrees_with_the_shared_vectors() {
    let text = include_str!("../../../../tests/vectors/topics.json");
    let vectors: Vec<Value> = serde_json::from_str(text).expect("the vectors are JSON");
    assert!(vectors.len() > 20);
    for vector in &vectors {
        let route = vector["route"].as_str().expect("a route");
        let topic = fuzzing::topic_name(route, &vector["shape"], &vector["params"]);
        assert_eq!(topic, vector["topic"].as_str().expect("a topic"), "{}", vector["name"]);
    }
}
