//! What a host's editor changes about a hit.

use std::borrow::Cow;

use trackside_core::hit::{Edit, Text};

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    handle::{Handle, Tag},
    hit::{
        TRACKSIDE_FIELD_AGENT, TRACKSIDE_FIELD_CATEGORY, TRACKSIDE_FIELD_LABEL, TRACKSIDE_FIELD_LANGUAGE,
        TRACKSIDE_FIELD_NAME, TRACKSIDE_FIELD_PATH, TRACKSIDE_FIELD_QUERY, TRACKSIDE_FIELD_REFERRER,
        TRACKSIDE_FIELD_ROUTE, TRACKSIDE_FIELD_TITLE, TRACKSIDE_FIELD_USER_ID, trackside_field,
    },
    property::trackside_property,
    status::trackside_status,
    text::trackside_bytes,
};

/// What is to be changed about a hit. The library's, and valid until `edit` returns, on its thread. What tells one
/// hit from another (id, kind and time) and what has been decided (status, site, session) cannot be changed.
///
/// Functions: trackside_edit_text, _property, _remove_property, _forget_visitor, _forget_ip.
#[derive(Debug)]
pub struct trackside_edit(pub(crate) Edit);

impl Handle for trackside_edit {
    const TAG: Tag = *b"EDIT";
    const NAME: &'static str = "trackside_edit";
}

fn text_of(field: trackside_field) -> Result<Text, Failure> {
    Ok(match field {
        TRACKSIDE_FIELD_AGENT => Text::Agent,
        TRACKSIDE_FIELD_CATEGORY => Text::Category,
        TRACKSIDE_FIELD_LABEL => Text::Label,
        TRACKSIDE_FIELD_LANGUAGE => Text::Language,
        TRACKSIDE_FIELD_NAME => Text::Name,
        TRACKSIDE_FIELD_PATH => Text::Path,
        TRACKSIDE_FIELD_QUERY => Text::Query,
        TRACKSIDE_FIELD_REFERRER => Text::Referrer,
        TRACKSIDE_FIELD_ROUTE => Text::Route,
        TRACKSIDE_FIELD_TITLE => Text::Title,
        TRACKSIDE_FIELD_USER_ID => Text::UserId,
        _ => return Err(Failure::invalid("field", &format!("is {field}, which no editor may change"))),
    })
}

/// Puts `value` in place of a text; empty: takes it out. An event keeps its name if the new one is empty, and a page
/// view has neither name nor category nor label. Texts are cut as they are when they are recorded. Of two the later
/// stands.
///
/// Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
/// TRACKSIDE_INVALID_ARGUMENT (`field` is none, or one of TRACKSIDE_FIELD_ID, _KIND, _SITE, _METHOD, _IP and
/// _VISITOR).
///
/// # Safety
///
/// `edit` is NULL or the one that the editor was given, which has not returned; `value` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_edit_text(
    edit: *mut trackside_edit,
    field: trackside_field,
    value: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let edit = call.exclusive(edit, "edit")?;
        edit.0.set(text_of(field)?, call.text(value, "value")?);
        Ok(())
    })
}

/// Puts a property in place of those of the same name, or adds it.
///
/// Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
/// TRACKSIDE_INVALID_ARGUMENT (`property`: its `size`, its `type`).
///
/// # Safety
///
/// `edit` is NULL or the one that the editor was given, which has not returned; `property` is NULL or points at a
/// struct of its `size`, whose texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_edit_property(
    edit: *mut trackside_edit,
    property: *const trackside_property,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let edit = call.exclusive(edit, "edit")?;
        let property = call.read(property, "property")?;
        let take = |text: &str| Cow::Owned(text.to_owned());
        let (key, value) = call.property(&property, take, || "property".to_owned())?;
        edit.0.property(key, value);
        Ok(())
    })
}

/// Takes out the properties called `key`.
///
/// Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8.
///
/// # Safety
///
/// `edit` is NULL or the one that the editor was given, which has not returned; `key` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_edit_remove_property(
    edit: *mut trackside_edit,
    key: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let edit = call.exclusive(edit, "edit")?;
        edit.0.remove_property(call.text(key, "key")?);
        Ok(())
    })
}

/// Takes out the visitor and the session, and with them the user's id.
///
/// Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `edit` is NULL or the one that the editor was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_edit_forget_visitor(
    edit: *mut trackside_edit,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(edit, "edit")?.0.forget_visitor();
        Ok(())
    })
}

/// Takes out the address.
///
/// Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `edit` is NULL or the one that the editor was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_edit_forget_ip(
    edit: *mut trackside_edit,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(edit, "edit")?.0.forget_ip();
        Ok(())
    })
}
