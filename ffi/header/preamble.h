/* Trackside: server-side web analytics that any server can embed.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made by `cargo xtask header` of ffi/src and ffi/header. Do not edit it: a test compares.
 *
 * In short
 *
 *     trackside_error error = TRACKSIDE_ERROR_INIT;
 *     trackside_options *options = NULL;
 *     trackside_tracker *tracker = NULL;
 *     if (trackside_options_new(&options, &error) != TRACKSIDE_OK
 *         || trackside_options_file(options, trackside_text("trackside.toml"), &error) != TRACKSIDE_OK
 *         || trackside_tracker_open(options, &tracker, &error) != TRACKSIDE_OK)
 *       fprintf(stderr, "%s: %s\n", trackside_status_text(error.status), error.text);
 *     trackside_options_free(options);
 *
 *     for each request: trackside_exchange_begin, when it has come; trackside_exchange_finish, when the
 *     response's head is known, and trackside_exchange_headers, which must be appended to it;
 *     trackside_exchange_free.
 *
 *     trackside_tracker_close(tracker, 5000, NULL, NULL);
 *     trackside_tracker_free(tracker);
 *
 * Conventions
 *
 * Names      Functions are trackside_<object>_<verb>, types trackside_<noun>, constants
 *            TRACKSIDE_<NOUN>_<NAME>.
 * Order      The object comes first, then inputs, then outputs, and at the very end the optional error
 *            struct.
 * Status     Every function that can fail returns a trackside_status, which is TRACKSIDE_OK (0) if it did
 *            not. Outputs are written only then; the functions that differ say so. Numbers are forever,
 *            and there may be more of them: treat an unknown one as a failure. Where a function names its
 *            statuses, these are the ones to expect; TRACKSIDE_PANIC may come of every function.
 * Errors     The error struct is the caller's, and may be NULL everywhere. It is written only on failure,
 *            and no further than its `size`. There is no thread-local and no global error.
 * Strings in Pointer and length, as trackside_bytes; what is kept is copied before the call returns.
 *            { NULL, 0 } is the empty string. Configurations, titles and names must be UTF-8
 *            (TRACKSIDE_INVALID_UTF8); what a client has sent (method, target, headers) may be any bytes.
 * Strings    are borrowed views, valid as long as the function says; or they are copied to a buffer of the
 * out        caller's, with the length that is needed.
 * Ownership  Nothing is to be freed but handles, each with its trackside_<object>_free; NULL is allowed
 *            there, a second time is not.
 * NULL       NULL is allowed where a function says so; elsewhere it is TRACKSIDE_NULL_ARGUMENT, and never
 *            a crash.
 * Handles    begin with a tag: one of another type is TRACKSIDE_WRONG_HANDLE. Use after free is undefined,
 *            even though it is often found out in the same way.
 * const      A function that takes a `const` pointer to a handle may run concurrently with every other such
 *            function on the same handle; one that takes a pointer without `const` needs the handle for
 *            itself while it runs. Each function says which holds.
 * Threads    Every handle may be used by any thread, by the rule of `const`; all functions that a request
 *            needs take the tracker as `const`. Functions never wait, but for trackside_tracker_flush, _close,
 *            _event_within and _free (and the _free of an exchange that outlives its tracker), which wait no
 *            longer than they are told.
 * Panics     are bugs of this library. They are caught, and become TRACKSIDE_PANIC; a function that returns
 *            no status then does nothing, and answers 0, false or NULL.
 * Callbacks  get their `userdata` first, are called on any thread, and must return as functions of C do: not
 *            by an exception and not by longjmp. Each says what it may call.
 * Fork       Parent and child both go on with the same handles. The child's books begin at zero, and its
 *            threads are its own. An exchange that was begun before the fork belongs to the parent: the
 *            child must free it, and counts nothing. Do not fork while another thread opens a tracker, if
 *            the child is to open one with the same options. A host whose runtime has locks for the threads
 *            that it meets, as interpreters have, sets trackside_attach.
 * Exit       A process that exits by exit() or by returning from main closes its trackers first; _exit and
 *            abort skip that. The shared library stays loaded after a dlclose.
 * Growth     Structs that may grow begin with `size`; set it, and all else, through their _INIT macro. A
 *            field that is added later is 0 in the struct of an older caller. Structs without `size` never
 *            change. In an array of structs with `size` all have the same.
 * Versions   TRACKSIDE_VERSION and TRACKSIDE_VERSION_NUMBER are the header's, trackside_version() and
 *            trackside_version_number() the library's. A library works with each header of the same
 *            TRACKSIDE_ABI that is not newer.
 */

#ifndef TRACKSIDE_H
#define TRACKSIDE_H

