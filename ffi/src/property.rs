//! A property: a key, and a text, a number or a truth.

use std::borrow::Cow;

use trackside_core::Value;

use crate::{boundary::Call, error::Failure, text::trackside_bytes, truth::trackside_truth, view};

/// What a property's value is: TRACKSIDE_TYPE_TEXT and so on.
pub type trackside_type = i32;

/// The value is `text`.
pub const TRACKSIDE_TYPE_TEXT: trackside_type = 0;
/// The value is `number`; one that is not finite is left out.
pub const TRACKSIDE_TYPE_NUMBER: trackside_type = 1;
/// The value is `truth`.
pub const TRACKSIDE_TYPE_TRUTH: trackside_type = 2;

/// A property of a page view or an event.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_property {
    /// The size of the caller's struct; see TRACKSIDE_PROPERTY_INIT.
    pub size: usize,
    /// Its name, in UTF-8; cut at 128 bytes.
    pub key: trackside_bytes,
    /// Which of the following is its value.
    pub r#type: trackside_type,
    /// Its value, in UTF-8, for TRACKSIDE_TYPE_TEXT; cut at 1,024 bytes.
    pub text: trackside_bytes,
    /// Its value for TRACKSIDE_TYPE_NUMBER.
    pub number: f64,
    /// Its value for TRACKSIDE_TYPE_TRUTH.
    pub truth: trackside_truth,
}

view::growing!(trackside_property, last: truth);

impl trackside_property {
    /// An empty text of this name.
    pub fn of(key: &str) -> Self {
        Self {
            size: size_of::<Self>(),
            key: trackside_bytes::of(key),
            r#type: TRACKSIDE_TYPE_TEXT,
            text: trackside_bytes::EMPTY,
            number: 0.0,
            truth: false.into(),
        }
    }
}

/// How a text is taken over: as it lies, or as a copy.
pub(crate) type Take<'f, 't> = fn(&'f str) -> Cow<'t, str>;

impl Call {
    /// Key and value of a property that the caller calls `argument`.
    pub(crate) fn property<'f, 't>(
        &'f self,
        property: &trackside_property,
        take: Take<'f, 't>,
        argument: impl Fn() -> String,
    ) -> Result<(Cow<'t, str>, Value<'t>), Failure> {
        let text = |text, field| {
            let quiet = self.text(text, field);
            quiet.or_else(|_| self.text(text, &format!("{}.{field}", argument())))
        };
        let key = take(text(property.key, "key")?);
        let value = match property.r#type {
            TRACKSIDE_TYPE_TEXT => Value::Text(take(text(property.text, "text")?)),
            TRACKSIDE_TYPE_NUMBER => Value::Number(property.number),
            TRACKSIDE_TYPE_TRUTH => Value::Truth(property.truth.get()),
            other => {
                let problem = format!("is {other}, and no TRACKSIDE_TYPE_ has this number");
                return Err(Failure::invalid(&format!("{}.type", argument()), &problem));
            }
        };
        Ok((key, value))
    }
}
