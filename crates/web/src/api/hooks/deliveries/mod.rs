//! The delivery log of a hook: a list with filters, one delivery looked at closely, and one sent again.

mod filter;
mod list;
mod redeliver;
mod show;
mod view;

pub(super) use self::list::list;
pub(super) use self::redeliver::redeliver;
pub(super) use self::show::show;
pub(super) use self::view::ListItem;
