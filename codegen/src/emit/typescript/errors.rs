//! The failures that topics and requests declare, as constants and types.

use super::docs::Comment;
use super::exports::Exports;
use super::expression::Expression;
use super::literal::{object_key, string};
use super::prose;
use super::types::{Body, Item, Member, TypeWriter};
use super::usage::Direction;
use crate::model::{Endpoint, ErrorCode};

/// The declarations for everything on an endpoint that declares errors of its own, each with what it names.
pub(super) fn groups(
    writer: &mut TypeWriter<'_>,
    endpoint: &Endpoint,
    exports: &mut Exports,
) -> Vec<Vec<Item>> {
    let topics = endpoint.topics.iter().map(|topic| (&topic.name, &topic.errors));
    let requests = endpoint.requests.iter().map(|request| (&request.name, &request.errors));
    topics
        .chain(requests)
        .filter(|(_, errors)| !errors.is_empty())
        .map(|(name, errors)| declarations(writer, &name.wire, &exports.pair(&name.rust), errors))
        .collect()
}

fn declarations(
    writer: &mut TypeWriter<'_>,
    wire: &str,
    (error_name, code_name): &(String, String),
    errors: &[ErrorCode],
) -> Vec<Item> {
    let codes = errors.iter().map(|error| Expression::Atom(string(&error.name.wire)));
    let codes = Expression::union(codes.chain([Expression::atom("FrameworkErrorCode")]));
    let members = errors.iter().map(|error| Member {
        docs: prose::error(error).print(2),
        text: format!("{}: {}", object_key(&error.name.typescript), string(&error.name.wire)),
    });
    vec![
        Item {
            docs: sentence(format!("What a failure of `{wire}` may carry as its `code`.")),
            body: Body::Alias(codes.print_alias(code_name)),
            name: code_name.clone(),
        },
        Item {
            docs: sentence(format!("The codes that `{wire}` adds to those of the framework, by name.")),
            body: Body::Values(members.collect()),
            name: code_name.clone(),
        },
        Item {
            docs: sentence(format!("A failure of `{wire}`.")),
            body: Body::Alias(error_type(writer, code_name, errors).print_alias(error_name)),
            name: error_name.clone(),
        },
    ]
}

/// One error type for all codes, or one per code that has details and one for the rest.
fn error_type(writer: &mut TypeWriter<'_>, code_name: &str, errors: &[ErrorCode]) -> Expression {
    let generic = |arguments| Expression::Generic("RequestError".to_owned(), arguments);
    let detailed = errors.iter().filter_map(|error| Some((error, error.details.as_ref()?)));
    let detailed: Vec<_> = detailed
        .map(|(error, details)| {
            let details = writer.expression(details, Direction::Received);
            generic(vec![Expression::Atom(string(&error.name.wire)), details])
        })
        .collect();
    if detailed.is_empty() {
        return generic(vec![Expression::atom(code_name)]);
    }
    let rest = errors.iter().filter(|error| error.details.is_none());
    let rest = rest.map(|error| Expression::Atom(string(&error.name.wire)));
    let rest = Expression::union(rest.chain([Expression::atom("FrameworkErrorCode")]));
    Expression::union(detailed.into_iter().chain([generic(vec![rest])]))
}

fn sentence(text: String) -> String {
    Comment::default().paragraph(text).print(0)
}
