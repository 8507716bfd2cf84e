//! Schemas from other files and from places that are no components become components.

use std::collections::HashMap;
use std::path::Path;

use bellwire_codegen::model::Shape;
use bellwire_codegen::{LoadOptions, load};

use crate::files::Texts;

const DOCUMENT: &str = "
asyncapi: 3.0.0
info: { title: Test, version: 1.0.0 }
channels:
  test:
    address: /ws
    x-topics:
      bars:
        params: { $ref: 'models/params.yaml' }
        update: { $ref: '#/components/schemas/Bar' }
components:
  messages:
    note: { payload: { type: object, properties: { text: { type: string } } } }
  schemas:
    Bar:
      type: object
      properties:
        venue: { type: object, properties: { id: { type: string } } }
        again: { $ref: '#/components/schemas/Bar/properties/venue' }
        escaped: { $ref: 'models/shared.yaml#/definitions/a~1b%20c' }
        note: { $ref: '#/components/messages/note/payload' }
        side: { $ref: '#/components/schemas/Side' }
    Side: { type: string, enum: [buy, sell] }
";

const SHARED: &str = "
definitions:
  a/b c: { type: object, properties: { back: { $ref: '../test.yaml#/components/schemas/Bar' }, side: { $ref: '#/definitions/Side' } } }
  Side: { type: string, enum: [left, right] }
";

const PARAMS: &str = "
type: object
required: [symbol]
properties: { symbol: { type: string } }
";

#[test]
fn schemas_anywhere_become_components() {
    let texts = [("test.yaml", DOCUMENT), ("models/shared.yaml", SHARED), ("models/params.yaml", PARAMS)];
    let reader = Texts(
        texts.map(|(path, text)| (path.into(), text.to_owned())).into_iter().collect::<HashMap<_, _>>(),
    );
    let loaded = load(Path::new("test.yaml"), &reader, &LoadOptions::default()).unwrap();
    let types = &loaded.api.types;
    let names: Vec<(&str, &str)> = types
        .iter()
        .map(|definition| (definition.name.wire.as_str(), definition.name.rust.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("Bar", "Bar"),
            ("Side", "Side"),
            ("params", "Params"),
            ("BarVenue", "BarVenue"),
            ("a_b_c", "ABC"),
            ("NotePayload", "NotePayload"),
            ("Side2", "Side2"),
        ]
    );
    let Shape::Object(bar) = &types[0].shape else { panic!("{:?}", types[0].shape) };
    let venue = &bar.fields[0].ty;
    assert_eq!(*venue, bar.fields[1].ty, "what a reference leads to is one type");
    assert!(bar.fields[2].boxed, "it holds a bar again");
    let schema = types[0].schema.as_ref().unwrap();
    assert_eq!(schema["properties"]["venue"]["$ref"], "#/components/schemas/BarVenue");
    assert_eq!(schema["properties"]["escaped"]["$ref"], "#/components/schemas/a_b_c");
}
