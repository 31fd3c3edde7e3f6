//! "Values" containers, in the shapes that SDKs have sent them over the years.

use super::problems::{Path, Problem, Problems};
use crate::json::{Kind, Value};

/// The elements of an exception, threads or breadcrumbs attribute, each with its index. None are given for `{}`, and for
/// something that is no such container: that is listed.
pub(crate) fn elements<'d, 'a>(
    value: Option<Value<'d, 'a>>,
    problems: &mut Problems,
    path: &Path<'_>,
) -> impl Iterator<Item = (usize, Value<'d, 'a>)> + use<'d, 'a> {
    let mut list = None;
    let mut single = None;
    match value.map(|value| (value.kind(), value)) {
        None | Some((Kind::Null, _)) => {}
        Some((Kind::Array, value)) => list = Some(value),
        Some((Kind::Object, value)) => match value.get("values") {
            Some(values) if values.kind() == Kind::Array => list = Some(values),
            Some(values) if values.is_null() => {}
            Some(_) => problems.add(Problem::InvalidData, path),
            None => single = (value.count() > 0).then_some(value),
        },
        Some(_) => problems.add(Problem::InvalidData, path),
    }
    list.into_iter().flat_map(|list| list.elements()).chain(single).enumerate()
}
