use serde_json::Value;

use super::topic_name;
use crate::protocol::ParamMember;

/// The shape of a vector, leaked into the constants that generated code would hold.
fn shape(declared: &Value) -> &'static [ParamMember] {
    let members =
        declared.as_object().expect("a shape is an object").iter().map(|(key, member)| ParamMember {
            key: key.clone().leak(),
            default: member.get("default").map(|default| &*default.to_string().leak()),
            members: member.get("members").map_or(&[], shape),
        });
    members.collect::<Vec<_>>().leak()
}

#[test]
fn agrees_with_the_shared_vectors() {
    let text = include_str!("../../../../tests/vectors/topics.json");
    let vectors: Vec<Value> = serde_json::from_str(text).expect("the vectors are JSON");
    assert!(vectors.len() > 20);
    for vector in &vectors {
        let route = vector["route"].as_str().expect("a route");
        let topic = topic_name(route, shape(&vector["shape"]), &vector["params"]);
        assert_eq!(topic, vector["topic"].as_str().expect("a topic"), "{}", vector["name"]);
    }
}
