//! What the host adds to an exchange: title, user id, route, properties and events.
