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



#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * The version of this header.
 */
#define TRACKSIDE_VERSION "0.1.0"

/**
 * The version of this header as one number: major * 1000000 + minor * 1000 + patch.
 */
#define TRACKSIDE_VERSION_NUMBER 1000

/**
 * The number of this header's ABI. A library of another number cannot be used with it; compare it with
 * trackside_abi where the library is loaded at run time.
 */
#define TRACKSIDE_ABI 1

/**
 * Something is lost, or will be.
 */
#define TRACKSIDE_LOG_ERROR 1

/**
 * Something is not as it should be.
 */
#define TRACKSIDE_LOG_WARN 2

/**
 * Something changed.
 */
#define TRACKSIDE_LOG_INFO 3

/**
 * The verdict on every request.
 */
#define TRACKSIDE_LOG_DEBUG 4

/**
 * Everything.
 */
#define TRACKSIDE_LOG_TRACE 5

/**
 * What trackside answers to a request of its own: to be sent as it is. It does not keep the tracker alive.
 *
 * Functions: trackside_tracker_answer, trackside_answer_status, _headers, _body, _reason, _free.
 */
typedef struct trackside_answer trackside_answer;

/**
 * The hits of one attempt at delivery: at least one, in the order in which they came, unless the destination's
 * protocol has sorted them by visitor. The library's, and valid until `deliver` returns, on its thread.
 *
 * Functions: trackside_batch_count, _hit, _request, _classify, _taken, _refuse, _retry_after, _answered.
 */
typedef struct trackside_batch trackside_batch;

/**
 * What is to be changed about a hit. The library's, and valid until `edit` returns, on its thread. What tells one
 * hit from another (id, kind and time) and what has been decided (status, site, session) cannot be changed.
 *
 * Functions: trackside_edit_text, _property, _remove_property, _forget_visitor, _forget_ip.
 */
typedef struct trackside_edit trackside_edit;

/**
 * One request and its response: begun when the request's head has come, finished when the response's head
 * is known, never at the end of the body. Then it holds the verdict. It keeps its tracker alive.
 *
 * Functions: trackside_exchange_begin, _begin_blob, _begin_lines, _visitor_id, _is_new, _consent, _notice, _banner,
 * _beacon, _visitor, _set_consent, _set_title, _set_user_id, _set_route, _add_property, _add_event, _finish,
 * _finish_blob, _end_blob, _abandon, _reason, _headers, _free; trackside_scratch_begin, _end.
 */
typedef struct trackside_exchange trackside_exchange;

/**
 * One page view or event: what was recorded of it. It does not change.
 *
 * Functions: trackside_tracker_recorded, trackside_tracker_look, trackside_batch_hit, trackside_hit_text, _number, _property, _json,
 * _free.
 */
typedef struct trackside_hit trackside_hit;

/**
 * A configuration in the making, and what is to be swapped in the tracker that is opened with it.
 *
 * A configuration is laid in layers, each of which overrides those below it key by key: the defaults; the
 * texts (trackside_options_toml, trackside_options_json), in the order in which they were given; the
 * files (trackside_options_file), likewise; the environment (trackside_options_env). Nothing is asked
 * that is not named here: without trackside_options_env no variable is read, but for a secret that is
 * given as `env:NAME`.
 *
 * Functions: trackside_options_new, _toml, _json, _file, _env, _clock, _entropy, _keys, _recording,
 * _sink, _hooks, _destination, _free.
 */
typedef struct trackside_options trackside_options;

/**
 * An HTTP request that a destination would send. Nothing is sent of it.
 *
 * Functions: trackside_tracker_encode, trackside_outgoing_request, _free.
 */
typedef struct trackside_outgoing trackside_outgoing;

/**
 * Both books at one instant. It does not change any more.
 *
 * Functions: trackside_tracker_stats, trackside_tracker_close_stats, trackside_stats_requests, _skipped,
 * _destination_count, _destination, _hits, _prometheus, _free.
 */
typedef struct trackside_stats trackside_stats;

/**
 * Counts a server's traffic: judges its exchanges and delivers their hits off the request thread.
 *
 * Functions: trackside_tracker_open, _event, _event_within, _explain, _encode, _header, _asks, _count_late, _stats,
 * _flush, _close, _close_stats, _recorded, _recorded_count, _free; trackside_exchange_begin.
 */
typedef struct trackside_tracker trackside_tracker;

/**
 * A snapshot of an exchange's visitor, for events that are raised when the exchange is over: its id and
 * session, the site, the address as far as the configuration allows it, agent and language. It does not
 * change any more, and does not keep the tracker alive.
 *
 * Functions: trackside_exchange_visitor, trackside_visitor_id, _free; trackside_tracker_event, _event_within.
 */
typedef struct trackside_visitor trackside_visitor;

/**
 * How a call went. The numbers are forever; a later library may have more of them.
 */
typedef int32_t trackside_status;

/**
 * Why something was skipped (1-99), refused (100-199) or dropped (200-299); 0 is none. The numbers are
 * forever; a later library may have more of them.
 */
typedef uint16_t trackside_reason;

/**
 * Why a call failed. The caller owns it, sets `size` with TRACKSIDE_ERROR_INIT, and may pass NULL instead
 * of it everywhere. It is written only when a call fails, and only as far as `size` reaches.
 */
typedef struct trackside_error {
  /**
   * The size of the caller's struct.
   */
  size_t size;
  /**
   * What the call returned.
   */
  trackside_status status;
  /**
   * What is wrong, where, and the way out: UTF-8 that ends in NUL, cut at a character where it is too
   * long.
   */
  char text[256];
} trackside_error;

/**
 * A string that somebody else owns: `length` bytes at `data`, without a NUL at the end. { NULL, 0 } is the
 * empty one. See TRACKSIDE_TEXT and trackside_text.
 */
typedef struct trackside_bytes {
  /**
   * Its first byte; may be NULL if `length` is 0.
   */
  const char *data;
  /**
   * How many bytes it has.
   */
  size_t length;
} trackside_bytes;

/**
 * A clock: microseconds since the Unix epoch. It is called on any thread, also by several at once; it must
 * return, and not by an exception, and must call no function of this library.
 */
typedef uint64_t (*trackside_clock)(void *userdata);

/**
 * A source of randomness: it fills the 64 bytes at `bytes`. It is called on any thread, also by several at
 * once; it must return, and not by an exception, and must call no function of this library.
 */
typedef void (*trackside_entropy)(void *userdata,
                                  uint8_t *bytes);

/**
 * A source of keys: it fills the 32 bytes at `key` with the key of the UTC day `day`, counted from 1970-01-01,
 * and says whether there is one; without one nobody takes a cookieless id. It is called on any thread, also by
 * several at once, for each request; it must return, and not by an exception, and must call no function of this
 * library.
 */
typedef bool (*trackside_keys)(void *userdata,
                               uint64_t day,
                               uint8_t *key);

/**
 * A destination as it is configured: texts that end in NUL. See TRACKSIDE_DESTINATION_INIT.
 */
typedef struct trackside_destination {
  /**
   * The size of the caller's struct.
   */
  size_t size;
  /**
   * Its name, as trackside_options_sink takes it.
   */
  char name[65];
  /**
   * Its `type`.
   */
  char kind[16];
  /**
   * The task that a destination of type "celery" hands its hits to; empty for other types.
   */
  char task[256];
} trackside_destination;

/**
 * What trackside_tracker_flush or _close left undone at its deadline.
 */
typedef struct trackside_left {
  /**
   * The size of the caller's struct; see TRACKSIDE_LEFT_INIT.
   */
  size_t size;
  /**
   * Hits waiting in memory; after trackside_tracker_close, those that were dropped (shutdown).
   */
  uint64_t queued;
  /**
   * Hits inside a delivery attempt, whose late outcome will still be counted.
   */
  uint64_t in_flight;
  /**
   * Hits in the spool, which another process can deliver.
   */
  uint64_t spooled;
} trackside_left;

/**
 * One header: any bytes, as they came.
 */
typedef struct trackside_header {
  /**
   * Its name, in any case.
   */
  struct trackside_bytes name;
  /**
   * Its value, without the line's end.
   */
  struct trackside_bytes value;
} trackside_header;

/**
 * A request whose head has come. It is read during the call alone. What the client has sent may be any
 * bytes.
 */
typedef struct trackside_request {
  /**
   * The size of the caller's struct; see TRACKSIDE_REQUEST_INIT.
   */
  size_t size;
  /**
   * The method, as in the request line.
   */
  struct trackside_bytes method;
  /**
   * The target as in the request line, with its query: the path as the client asked for it, before any
   * mounting or rewriting.
   */
  struct trackside_bytes target;
  /**
   * The host (and port) where it does not stand in the Host header, as HTTP/2's :authority; empty: none. It has
   * the last say: what a trusted proxy tells of the host does not count beside it.
   */
  struct trackside_bytes authority;
  /**
   * The address at the other end of the connection as text, such as 203.0.113.9 or 2001:db8::1, without
   * port or brackets; a zone behind % is passed over. Empty: none, as with a unix socket. It is to be what the
   * socket says: which client stands behind a proxy is found out by `[proxy]` of the configuration.
   */
  struct trackside_bytes peer;
  /**
   * The headers, in the order received.
   */
  const struct trackside_header *headers;
  /**
   * How many headers there are.
   */
  size_t header_count;
  /**
   * Whether the host knows that the client came by https.
   */
  bool secure;
  /**
   * Whether the host has found out itself which client stands behind its proxies, so that peer, scheme and
   * host are the client's: then `[proxy]` of the configuration is not asked again.
   */
  bool resolved;
} trackside_request;

/**
 * A response whose head is known. It is read during the call alone.
 */
typedef struct trackside_response {
  /**
   * The size of the caller's struct; see TRACKSIDE_RESPONSE_INIT.
   */
  size_t size;
  /**
   * The headers that are about to be sent, of which the rules read the Content-Type. Without one the request's
   * Sec-Fetch-Dest tells whether it is a page, else its Accept.
   */
  const struct trackside_header *headers;
  /**
   * How many headers there are.
   */
  size_t header_count;
  /**
   * The status, such as 200.
   */
  uint16_t status;
} trackside_response;

/**
 * Whether something was allowed: TRACKSIDE_CHOICE_GRANTED and so on.
 */
typedef int32_t trackside_choice;

/**
 * What a property's value is: TRACKSIDE_TYPE_TEXT and so on.
 */
typedef int32_t trackside_type;

/**
 * A property of a page view or an event.
 */
typedef struct trackside_property {
  /**
   * The size of the caller's struct; see TRACKSIDE_PROPERTY_INIT.
   */
  size_t size;
  /**
   * Its name, in UTF-8; cut at 128 bytes.
   */
  struct trackside_bytes key;
  /**
   * Which of the following is its value.
   */
  trackside_type type;
  /**
   * Its value, in UTF-8, for TRACKSIDE_TYPE_TEXT; cut at 1,024 bytes.
   */
  struct trackside_bytes text;
  /**
   * Its value for TRACKSIDE_TYPE_NUMBER.
   */
  double number;
  /**
   * Its value for TRACKSIDE_TYPE_TRUTH.
   */
  bool truth;
} trackside_property;

/**
 * Something that happened, to be reported by name. It is read during the call alone. All texts are UTF-8;
 * name, category and label are cut at 500 bytes.
 */
typedef struct trackside_event {
  /**
   * The size of the caller's struct; see TRACKSIDE_EVENT_INIT.
   */
  size_t size;
  /**
   * What happened. Any text is taken; a receiver that has rules for names is given what they allow (GA4: letters,
   * digits and `_`) and refuses one of which nothing is left (bad-name in the books).
   */
  struct trackside_bytes name;
  /**
   * The group of events it belongs to; empty: none. GA4 has none and is given `category_name`, so leave it
   * empty for the events that GA4 itself defines.
   */
  struct trackside_bytes category;
  /**
   * What it happened to; empty: none.
   */
  struct trackside_bytes label;
  /**
   * Its properties, of which 64 are taken. Each has its own `size` set, all the same.
   */
  const struct trackside_property *properties;
  /**
   * How many properties there are.
   */
  size_t property_count;
  /**
   * How much; one that is not finite is left out.
   */
  double value;
  /**
   * Whether there is a value.
   */
  bool has_value;
} trackside_event;

/**
 * The places that trackside_scratch_begin and trackside_scratch_end use, for one request after another. The caller
 * owns it, and sets it up once: with TRACKSIDE_SCRATCH_INIT, `buffer`, `capacity`, and `error`, if it wants one,
 * which stands here instead of at the end of both functions.
 *
 * Functions: trackside_scratch_begin, _end.
 */
typedef struct trackside_scratch {
  /**
   * The size of the caller's struct; see TRACKSIDE_SCRATCH_INIT.
   */
  size_t size;
  /**
   * The exchange that is begun and not ended, for all functions that take one; else NULL. Whoever frees it sets this
   * to NULL.
   */
  struct trackside_exchange *exchange;
  /**
   * Whether its visitor is new, as trackside_exchange_is_new says: at first false.
   */
  bool is_new;
  /**
   * Where the verdict is written to; the caller's.
   */
  uint8_t *buffer;
  /**
   * How many bytes `buffer` has.
   */
  size_t capacity;
  /**
   * The length of the last verdict, which is 8 if there is no header to append.
   */
  size_t needed;
  /**
   * The caller's error struct for both functions; may be NULL.
   */
  struct trackside_error *error;
} trackside_scratch;

/**
 * The book of requests: seen = tracked + skipped for each reason.
 */
typedef struct trackside_requests_book {
  /**
   * The size of the caller's struct; see TRACKSIDE_REQUESTS_BOOK_INIT.
   */
  size_t size;
  /**
   * Requests that ended.
   */
  uint64_t seen;
  /**
   * Requests that ended as a tracked page view. For the others see trackside_stats_skipped.
   */
  uint64_t tracked;
  /**
   * Annotations that came too late to be used.
   */
  uint64_t late;
} trackside_requests_book;

/**
 * Whether a destination's deliveries are attempted: TRACKSIDE_BREAKER_CLOSED and so on.
 */
typedef int32_t trackside_breaker;

/**
 * The book of hits of one destination: offered + adopted = delivered + refused + dropped + pending. Whenever no call
 * is running, pending = queued + in_flight + spooled.
 */
typedef struct trackside_hits_book {
  /**
   * The size of the caller's struct; see TRACKSIDE_HITS_BOOK_INIT.
   */
  size_t size;
  /**
   * The destination's name; valid until the stats are freed.
   */
  struct trackside_bytes name;
  /**
   * Hits that this process handed to the destination.
   */
  uint64_t offered;
  /**
   * Hits that the receiver took.
   */
  uint64_t delivered;
  /**
   * Hits that the receiver would not have; see trackside_stats_hits for the reasons.
   */
  uint64_t refused;
  /**
   * Hits that were given up; see trackside_stats_hits for the reasons.
   */
  uint64_t dropped;
  /**
   * Hits whose end is not known yet.
   */
  uint64_t pending;
  /**
   * Hits waiting in memory.
   */
  uint64_t queued;
  /**
   * Hits inside a delivery attempt.
   */
  uint64_t in_flight;
  /**
   * Hits waiting in the spool.
   */
  uint64_t spooled;
  /**
   * How often code failed on a worker: sinks that panicked and were replaced, filters and editors that failed.
   */
  uint64_t panics;
  /**
   * Delivery attempts that were made again.
   */
  uint64_t retries;
  /**
   * How often the breaker has opened: outages of the receiver.
   */
  uint64_t openings;
  /**
   * Whether deliveries are attempted at present.
   */
  trackside_breaker breaker;
  /**
   * Hits that another process left in its spool and this one took over, beside those offered.
   */
  uint64_t adopted;
  /**
   * Those of the pending hits that an end of the process would lose although `spool = "always"`: they came while
   * the spool could not be written. 0 with every other `spool`.
   */
  uint64_t volatile_hits;
} trackside_hits_book;

/**
 * A text of a hit.
 */
typedef int32_t trackside_field;

/**
 * A number of a hit. All but TRACKSIDE_NUMBER_VALUE are whole.
 */
typedef int32_t trackside_number;

/**
 * A view of a request. Host and Content-Length are left to whoever sends it; see TRACKSIDE_OUTGOING_VIEW_INIT.
 */
typedef struct trackside_outgoing_view {
  /**
   * The size of the caller's struct.
   */
  size_t size;
  /**
   * Its method.
   */
  struct trackside_bytes method;
  /**
   * Where it goes, with secrets: to be sent, never to be shown.
   */
  struct trackside_bytes url;
  /**
   * Where it goes, with `***` in place of each secret.
   */
  struct trackside_bytes shown_url;
  /**
   * Its headers, with secrets: to be sent, never to be shown.
   */
  const struct trackside_header *headers;
  /**
   * How many there are.
   */
  size_t header_count;
  /**
   * Its body, with secrets: to be sent, never to be shown.
   */
  struct trackside_bytes body;
} trackside_outgoing_view;

/**
 * What became of the hits of one attempt. Any other number counts as TRACKSIDE_OUTCOME_UNKNOWN.
 */
typedef int32_t trackside_outcome;

/**
 * Makes one attempt at delivering the hits of `batch`, and says what became of them: of all, or of as many of
 * the leading ones as trackside_batch_taken said. It neither waits for better times nor tries again.
 *
 * It is called on threads of the destination's own, each time with one batch, and by up to `workers` of them
 * at once: by one, unless the configuration says otherwise or the destination's protocol puts one hit or one
 * visitor into a request. It must return, and not by an exception. While it does not, its hits are in flight;
 * trackside_tracker_close gives up waiting at its deadline, and what it returns later is counted all the same.
 * A thread that is ended inside it (pthread_exit) rests there as long as the process lives, as if it did not
 * return.
 *
 * It may call every function of this library. But it cannot wait for itself: there trackside_tracker_flush
 * and trackside_tracker_close of its own tracker are TRACKSIDE_REENTRANT, and trackside_tracker_free of it
 * waits for no destination: what their queues hold may still be delivered for up to five seconds.
 */
typedef trackside_outcome (*trackside_deliver)(void *userdata,
                                               struct trackside_batch *batch);

/**
 * Says that `deliver` will not be called any more, so that what is behind `userdata` can go.
 *
 * It is called once for each successful or failed trackside_options_sink, on any thread, by whoever lets go of
 * the sink last: that function itself, if it fails, or if the sink is replaced by a later call;
 * trackside_options_free, if no tracker was opened; trackside_tracker_open, if that cannot use it; the last
 * free of the tracker, or of an exchange that outlives it; or a worker that was stuck in `deliver` at the
 * deadline of trackside_tracker_close, when it returns. It is not called by the exit of the process.
 *
 * A forked child has memory of its own, and so a `userdata` of its own: there it is called once, too, when the
 * child frees what it inherited, however the parent's workers were busy. A child that frees nothing, or that
 * ends by _exit, does not call it.
 *
 * It must return, and not by an exception, and must not call functions of this library.
 */
typedef void (*trackside_release)(void *userdata);

/**
 * How the host delivers hits. See TRACKSIDE_SINK_INIT; it is copied.
 *
 * `userdata` is handed to both functions. It is used by the threads that call `deliver`, several at once where
 * there are several workers, and perhaps by another that calls `free`: what it points at must bear that, and
 * must live until `free` is called; without one, until trackside_tracker_close left nothing in flight, or as
 * long as the process.
 */
typedef struct trackside_sink {
  /**
   * The size of the caller's struct.
   */
  size_t size;
  /**
   * What both functions get.
   */
  void *userdata;
  /**
   * Makes one attempt.
   */
  trackside_deliver deliver;
  /**
   * Ends it; may be NULL.
   */
  trackside_release free;
} trackside_sink;

/**
 * Says in `wanted`, which is true when it is called, whether the destinations are to have `hit`; if not, it is
 * refused (filtered). It returns TRACKSIDE_OK; any other number says that it could not tell: this is counted with
 * `panics` of each destination that has the hit, and logged, and the hit goes on.
 *
 * It is called on a thread of a destination's, when the hit has been looked at: for one hit at a time, and once for
 * all destinations; one that comes much later, after a pause, has it asked once more. It may take its time, but all
 * other hits wait meanwhile. The hit is the library's, valid until it returns.
 *
 * It must return, and not by an exception. It may call every function of this library, but cannot wait for itself:
 * there trackside_tracker_flush and trackside_tracker_close of its own tracker are TRACKSIDE_REENTRANT.
 */
typedef trackside_status (*trackside_filter)(void *userdata,
                                             const struct trackside_hit *hit,
                                             bool *wanted);

/**
 * Says in `edit` what is to be changed about `hit` before the destinations have it. An edited hit is a new record
 * with the same id. It is called as trackside_filter is, after it, and returns as that does: where it fails the hit
 * goes on as it was.
 */
typedef trackside_status (*trackside_editor)(void *userdata,
                                             const struct trackside_hit *hit,
                                             struct trackside_edit *edit);

/**
 * The host's say about hits. See TRACKSIDE_HOOKS_INIT; it is copied.
 *
 * `userdata` is handed to all functions, which are called on threads of the library's, one at a time but for `free`.
 * What it points at must live until `free` is called; without one, until trackside_tracker_close left nothing in
 * flight, or as long as the process.
 */
typedef struct trackside_hooks {
  /**
   * The size of the caller's struct.
   */
  size_t size;
  /**
   * What the functions get.
   */
  void *userdata;
  /**
   * Which hits the destinations are to have; NULL: all.
   */
  trackside_filter filter;
  /**
   * What is to be changed about them; NULL: nothing.
   */
  trackside_editor edit;
  /**
   * Ends them; may be NULL.
   */
  trackside_release free;
} trackside_hooks;

/**
 * Makes the calling thread known to the host's runtime, such as an interpreter: does what that does when it meets a
 * thread, and nothing else, for no fork happens meanwhile. It must return, and not by an exception.
 */
typedef void (*trackside_attach)(void *userdata);

/**
 * A log: takes one message, of UTF-8 and valid during the call, and its level, TRACKSIDE_LOG_ERROR or
 * another. It is called on any thread, also by several at once, on those of requests too; it must return,
 * and not by an exception. What the library would say because of a call made in it is not said.
 *
 * In a forked child it goes on, for what the child does, with the child's own copy of `userdata`'s memory. A
 * lock of `log`'s own that another thread held at the fork is never given back there.
 */
typedef void (*trackside_log)(void *userdata,
                              int32_t level,
                              struct trackside_bytes message);

/**
 * It went well, and the outputs are written.
 */
#define TRACKSIDE_OK 0

/**
 * A pointer is NULL where something must be given.
 */
#define TRACKSIDE_NULL_ARGUMENT 1

/**
 * A handle is of another type, or was freed already.
 */
#define TRACKSIDE_WRONG_HANDLE 2

/**
 * A text that must be UTF-8 is not.
 */
#define TRACKSIDE_INVALID_UTF8 3

/**
 * An argument cannot be what it is: an address that does not parse, a struct whose size was not set.
 */
#define TRACKSIDE_INVALID_ARGUMENT 4

/**
 * The configuration has mistakes: the error's text tells all of them, as far as they fit.
 */
#define TRACKSIDE_CONFIG 5

/**
 * A file cannot be read.
 */
#define TRACKSIDE_IO 6

/**
 * This build, or this destination, cannot do it.
 */
#define TRACKSIDE_UNSUPPORTED 7

/**
 * The exchange was finished or abandoned already.
 */
#define TRACKSIDE_FINISHED 8

/**
 * The exchange is not finished yet, so there is no verdict.
 */
#define TRACKSIDE_UNFINISHED 9

/**
 * Called from a worker or a callback, which cannot wait for itself.
 */
#define TRACKSIDE_REENTRANT 10

/**
 * There is none: no destination of this name, no such index, no visitor.
 */
#define TRACKSIDE_NOT_FOUND 11

/**
 * The buffer is too small; the needed length is written.
 */
#define TRACKSIDE_BUFFER 12

/**
 * The block is malformed; the error's text says where.
 */
#define TRACKSIDE_BLOB 13

/**
 * A bug of trackside, caught before it reached the host.
 */
#define TRACKSIDE_PANIC 14

/**
 * The receiver would not count the hit; the reason is written.
 */
#define TRACKSIDE_REFUSED 15

/**
 * No reason: the request is tracked.
 */
#define TRACKSIDE_REASON_NONE 0

/**
 * Skipped: `mode = "off"`.
 */
#define TRACKSIDE_REASON_OFF 1

/**
 * Skipped: the method is not among `track.methods`.
 */
#define TRACKSIDE_REASON_METHOD 2

/**
 * Skipped: the request's host is not among `site`, or the request names no valid host.
 */
#define TRACKSIDE_REASON_UNKNOWN_SITE 3

/**
 * Skipped: a pattern of `track.ignore` covers the path.
 */
#define TRACKSIDE_REASON_IGNORED 4

/**
 * Skipped: no pattern of `track.only` covers the path.
 */
#define TRACKSIDE_REASON_NOT_ONLY 5

/**
 * Skipped: the browser or a library fetched ahead of any view.
 */
#define TRACKSIDE_REASON_PREFETCH 6

/**
 * Skipped: the connection left HTTP (101).
 */
#define TRACKSIDE_REASON_UPGRADE 7

/**
 * Skipped: the status is not among `track.status`.
 */
#define TRACKSIDE_REASON_STATUS 8

/**
 * Skipped: the content type is not among `track.content_types`.
 */
#define TRACKSIDE_REASON_CONTENT_TYPE 9

/**
 * Skipped: the exchange was dropped, or abandoned, before it was finished.
 */
#define TRACKSIDE_REASON_ABANDONED 10

/**
 * Skipped: the visitor has not agreed, and `consent.before` or `consent.denied` says "skip".
 */
#define TRACKSIDE_REASON_CONSENT 11

/**
 * Skipped: the beacon counts this page, as `beacon.path` is set and a shared cache may keep the page, or the
 * page was given the beacon's script.
 */
#define TRACKSIDE_REASON_BEACON 12

/**
 * Skipped: a part of a page, or something else that is not shown as one, was asked for.
 */
#define TRACKSIDE_REASON_FRAGMENT 13

/**
 * Skipped: a download, which is recorded as an event, as `track.downloads` asks for.
 */
#define TRACKSIDE_REASON_DOWNLOAD 14

/**
 * Skipped: a page that is not there, which is recorded as an event, as `track.not_found` asks for.
 */
#define TRACKSIDE_REASON_NOT_FOUND 15

/**
 * Skipped: an answer of trackside's own to what tells of no page view, such as a request for the beacon's
 * script.
 */
#define TRACKSIDE_REASON_ENDPOINT 22

/**
 * Skipped: a request that trackside itself answers, and that no page of the site sent.
 */
#define TRACKSIDE_REASON_CROSS_ORIGIN 23

/**
 * Refused: the receiver needs a visitor and the hit has none.
 */
#define TRACKSIDE_REASON_NO_VISITOR 100

/**
 * Refused: the receiver would not count an event of this name.
 */
#define TRACKSIDE_REASON_BAD_NAME 101

/**
 * Refused: the receiver answered that it will not have the hit.
 */
#define TRACKSIDE_REASON_REJECTED 102

/**
 * Refused: one hit alone is larger than the receiver takes.
 */
#define TRACKSIDE_REASON_TOO_LARGE 103

/**
 * Refused: the receiver cannot count a page view without a site.
 */
#define TRACKSIDE_REASON_NO_SITE 104

/**
 * Refused: a bot's, which `track.bots` drops, or which the receiver could not tell from persons.
 */
#define TRACKSIDE_REASON_BOT 105

/**
 * Refused: it is not for third parties, for the visitor refused or has not agreed.
 */
#define TRACKSIDE_REASON_NO_CONSENT 106

/**
 * Refused: the host's own filter, or the destination's `only.hits` or `only.sites`, did not want it, or a hook made
 * nothing of it.
 */
#define TRACKSIDE_REASON_FILTERED 107

/**
 * Refused: the receiver failed whenever it was sent this hit, and took others.
 */
#define TRACKSIDE_REASON_POISON 108

/**
 * Refused: the receiver answered that its quota is used up, and threw the hit away.
 */
#define TRACKSIDE_REASON_QUOTA 109

/**
 * Refused: the receiver took it for a bot's, and threw it away.
 */
#define TRACKSIDE_REASON_BOT_THERE 110

/**
 * Refused: a filter of the receiver's own threw it away.
 */
#define TRACKSIDE_REASON_FILTERED_THERE 111

/**
 * Refused: the visitor is not among those of whom the destination takes a sample: its `only.visitors`.
 */
#define TRACKSIDE_REASON_SAMPLED 112

/**
 * Dropped: the queue held as many hits as it may.
 */
#define TRACKSIDE_REASON_QUEUE_FULL 200

/**
 * Dropped: the queue held as many bytes as it may.
 */
#define TRACKSIDE_REASON_QUEUE_BYTES 201

/**
 * Dropped: submitted after `close`.
 */
#define TRACKSIDE_REASON_CLOSED 202

/**
 * Dropped: still in memory at the deadline of `close`.
 */
#define TRACKSIDE_REASON_SHUTDOWN 203

/**
 * Dropped: perhaps delivered, perhaps not, and the receiver could not tell a second copy.
 */
#define TRACKSIDE_REASON_AMBIGUOUS 204

/**
 * Dropped: the store cannot be opened or written.
 */
#define TRACKSIDE_REASON_STORE_UNAVAILABLE 205

/**
 * Dropped: attempted in vain, or in the spool, and older than `max_age`, or older than the receiver's window.
 */
#define TRACKSIDE_REASON_EXPIRED 206

/**
 * Dropped: no worker could be started.
 */
#define TRACKSIDE_REASON_NO_WORKER 207

/**
 * Dropped: its record in the spool is damaged.
 */
#define TRACKSIDE_REASON_CORRUPT 208

/**
 * Nobody said.
 */
#define TRACKSIDE_CHOICE_UNKNOWN 0

/**
 * It was.
 */
#define TRACKSIDE_CHOICE_GRANTED 1

/**
 * It was not.
 */
#define TRACKSIDE_CHOICE_DENIED 2

/**
 * The value is `text`.
 */
#define TRACKSIDE_TYPE_TEXT 0

/**
 * The value is `number`; one that is not finite is left out.
 */
#define TRACKSIDE_TYPE_NUMBER 1

/**
 * The value is `truth`.
 */
#define TRACKSIDE_TYPE_TRUTH 2

/**
 * They are, perhaps after a pause.
 */
#define TRACKSIDE_BREAKER_CLOSED 0

/**
 * One is, which shows whether the receiver is back.
 */
#define TRACKSIDE_BREAKER_HALF_OPEN 1

/**
 * None is: the receiver failed too often in a row.
 */
#define TRACKSIDE_BREAKER_OPEN 2

/**
 * Its own id, a hyphenated UUID: the same at every destination and in every attempt.
 */
#define TRACKSIDE_FIELD_ID 0

/**
 * "page", "event", or "download", "not-found" or "search", which trackside tells apart by itself.
 */
#define TRACKSIDE_FIELD_KIND 1

/**
 * The site: a host name in lower case, without a port.
 */
#define TRACKSIDE_FIELD_SITE 2

/**
 * The request's method: bytes from the client.
 */
#define TRACKSIDE_FIELD_METHOD 3

/**
 * The path as the client asked for it, percent-encoded: bytes from the client.
 */
#define TRACKSIDE_FIELD_PATH 4

/**
 * What `privacy.query` keeps of the query, without the question mark: bytes from the client.
 */
#define TRACKSIDE_FIELD_QUERY 5

/**
 * The page that led here: bytes from the client.
 */
#define TRACKSIDE_FIELD_REFERRER 6

/**
 * The client's program: bytes from the client.
 */
#define TRACKSIDE_FIELD_AGENT 7

/**
 * The client's first language, such as "en-GB".
 */
#define TRACKSIDE_FIELD_LANGUAGE 8

/**
 * The client's address, as far as the destination's `ip` allows it.
 */
#define TRACKSIDE_FIELD_IP 9

/**
 * The visitor's id, a hyphenated UUID.
 */
#define TRACKSIDE_FIELD_VISITOR 10

/**
 * The page's title.
 */
#define TRACKSIDE_FIELD_TITLE 11

/**
 * The user's id.
 */
#define TRACKSIDE_FIELD_USER_ID 12

/**
 * The route, such as "/user/{id}".
 */
#define TRACKSIDE_FIELD_ROUTE 13

/**
 * The event's name.
 */
#define TRACKSIDE_FIELD_NAME 14

/**
 * The event's category.
 */
#define TRACKSIDE_FIELD_CATEGORY 15

/**
 * The event's label.
 */
#define TRACKSIDE_FIELD_LABEL 16

/**
 * The country where the visitor is, an ISO 3166-1 code of two letters: as a trusted proxy told it, and for a hit of
 * a batch or of trackside_tracker_look also as `geo.file` does.
 */
#define TRACKSIDE_FIELD_COUNTRY 17

/**
 * The part of the country, an ISO 3166-2 code without the country's.
 */
#define TRACKSIDE_FIELD_REGION 18

/**
 * The city.
 */
#define TRACKSIDE_FIELD_CITY 19

/**
 * When it was, in microseconds since the Unix epoch.
 */
#define TRACKSIDE_NUMBER_AT 0

/**
 * The visitor's first visit, in seconds since the Unix epoch.
 */
#define TRACKSIDE_NUMBER_FIRST_VISIT 1

/**
 * The session, named by the second it began, since the Unix epoch.
 */
#define TRACKSIDE_NUMBER_SESSION 2

/**
 * The response's status; absent for an event outside an exchange.
 */
#define TRACKSIDE_NUMBER_STATUS 3

/**
 * The event's value.
 */
#define TRACKSIDE_NUMBER_VALUE 4

/**
 * 1 if the page was asked for by https, else 0.
 */
#define TRACKSIDE_NUMBER_SECURE 5

/**
 * 1 if this exchange gave the visitor its id, else 0; absent without a visitor, and for one without a cookie.
 */
#define TRACKSIDE_NUMBER_NEW 6

/**
 * 1 if the visitor's id is a cookieless one, which is another one the next day, else 0; absent without a visitor.
 */
#define TRACKSIDE_NUMBER_COOKIELESS 7

/**
 * 1 if no third party may have the hit, for the visitor refused or has not agreed, else 0.
 */
#define TRACKSIDE_NUMBER_CONFINED 8

/**
 * 1 if the visitor allowed that it serves ads, else 0.
 */
#define TRACKSIDE_NUMBER_ADS 9

/**
 * The receiver took them; all but those that trackside_batch_refuse named.
 */
#define TRACKSIDE_OUTCOME_DELIVERED 0

/**
 * It certainly did not process them, and may take them later: they are tried again, after a pause that
 * trackside_batch_retry_after can lengthen, until they are older than `max_age`. If the receiver itself answered
 * so, trackside_batch_answered says that it may lie with the hits.
 */
#define TRACKSIDE_OUTCOME_RETRY 1

/**
 * They were perhaps processed, perhaps not. They are dropped (ambiguous); in place of a store's sink, which
 * knows a hit that comes again by its id, they are tried again.
 */
#define TRACKSIDE_OUTCOME_UNKNOWN 2

/**
 * They are too many for one request: they are tried again in halves. One alone is refused (too-large).
 */
#define TRACKSIDE_OUTCOME_SPLIT 3

/**
 * It will never take them: they are refused (rejected).
 */
#define TRACKSIDE_OUTCOME_REFUSED 4

/**
 * It cannot take them, and waiting would not help: they are dropped (store-unavailable).
 */
#define TRACKSIDE_OUTCOME_UNAVAILABLE 5

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "1.2.3": a static text that ends in NUL. Compare it with
 * TRACKSIDE_VERSION, the header's.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for.
 */
const char *trackside_version(void);

/**
 * The version of the library as one number; see TRACKSIDE_VERSION_NUMBER.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for.
 */
uint32_t trackside_version_number(void);

/**
 * The number of the library's ABI; see TRACKSIDE_ABI.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for.
 */
uint32_t trackside_abi(void);

/**
 * What a status means, in a few words: a static text that ends in NUL, and never NULL.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for: every number is legal.
 */
const char *trackside_status_text(trackside_status status);

/**
 * The stable name of a reason, as it stands in reports, such as "ignored": a static text that ends in NUL.
 * NULL for a number that this library does not know, and for 0.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for: every number is legal.
 */
const char *trackside_reason_code(trackside_reason reason);

/**
 * Makes options that say nothing yet. End them with trackside_options_free.
 *
 * Threads: any. Statuses: TRACKSIDE_NULL_ARGUMENT.
 *
 * # Safety
 *
 * `options` is NULL or points at a place for a pointer.
 */
trackside_status trackside_options_new(struct trackside_options **options,
                                       struct trackside_error *error);

/**
 * Ends options. NULL is allowed; do not call it twice for the same value. Trackers that were opened with
 * them go on.
 *
 * Threads: needs `options` for itself.
 *
 * # Safety
 *
 * `options` is NULL or a live handle, which nobody uses any more.
 */
void trackside_options_free(struct trackside_options *options);

/**
 * Adds a layer in TOML, of at most 8 MiB. It is copied, and read when a tracker is opened: the mistakes of
 * all layers are told there, at once.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `text` can be read.
 */
trackside_status trackside_options_toml(struct trackside_options *options,
                                        struct trackside_bytes text,
                                        struct trackside_error *error);

/**
 * Adds a layer in JSON: an object with the keys of TOML. Otherwise as trackside_options_toml.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `text` can be read.
 */
trackside_status trackside_options_json(struct trackside_options *options,
                                        struct trackside_bytes text,
                                        struct trackside_error *error);

/**
 * Adds the layer in a file, TOML or JSON by its name's ending. It is read at once; what it says is checked
 * when a tracker is opened.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (it ends in neither .toml nor .json), TRACKSIDE_INVALID_UTF8 (the path),
 * TRACKSIDE_IO (it cannot be read, or is not UTF-8).
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `path` can be read.
 */
trackside_status trackside_options_file(struct trackside_options *options,
                                        struct trackside_bytes path,
                                        struct trackside_error *error);

/**
 * Lets a tracker that is opened with these options read the environment: the variables that begin with
 * TRACKSIDE__ and, unless a file was given, the file that TRACKSIDE_CONFIG names.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `options` is NULL or a live handle.
 */
trackside_status trackside_options_env(struct trackside_options *options,
                                       struct trackside_error *error);

/**
 * Swaps the clock that dates hits; waiting and batching go by the machine's own. `userdata` is handed to
 * it. Both must live as long as any tracker or exchange that comes of these options, and longer if
 * trackside_tracker_close left something in flight: best as long as the process.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `clock` is NULL or may be called as said above.
 */
trackside_status trackside_options_clock(struct trackside_options *options,
                                         trackside_clock clock,
                                         void *userdata,
                                         struct trackside_error *error);

/**
 * Swaps the source of the randomness that ids are made of: for tests whose outcome is known to the byte.
 * Ids that can be guessed are no secret ids. `userdata` is handed to it. Both must live as long as any
 * tracker or exchange that comes of these options.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `entropy` is NULL or may be called as said above.
 */
trackside_status trackside_options_entropy(struct trackside_options *options,
                                           trackside_entropy entropy,
                                           void *userdata,
                                           struct trackside_error *error);

/**
 * Swaps the source of the keys under which visitors without a cookie are told apart, in place of the
 * configuration's `visitor.keys`: for tests whose outcome is known to the byte, and for hosts that keep their keys
 * elsewhere. A key must be the same for all processes of a site, be guessed by nobody, and be destroyed when it is
 * no longer asked for. It is asked only where the configuration has visitors told apart without a cookie.
 * `userdata` is handed to it. Both must live as long as any tracker or exchange that comes of these options.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `keys` is NULL or may be called as said above.
 */
trackside_status trackside_options_keys(struct trackside_options *options,
                                        trackside_keys keys,
                                        void *userdata,
                                        struct trackside_error *error);

/**
 * Lets a tracker that is opened with these options keep its hits in memory, for trackside_tracker_recorded
 * to read, and open none of its destinations: for tests. All of them count as delivered; what a destination
 * would refuse says trackside_tracker_encode. What is kept is not made for forks: a child begins
 * with the parent's hits, and may wait for ever if another thread was recording just then.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `options` is NULL or a live handle.
 */
trackside_status trackside_options_recording(struct trackside_options *options,
                                             struct trackside_error *error);

/**
 * Tells of the destination at `index`, from 0, that a tracker which is opened with these options has. So a host
 * that gives sinks (trackside_options_sink) finds out who wants one.
 *
 * Each call reads the whole configuration, as trackside_tracker_open does.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`destination`), TRACKSIDE_NOT_FOUND (past the end); TRACKSIDE_CONFIG, TRACKSIDE_IO
 * and TRACKSIDE_INVALID_ARGUMENT as from trackside_tracker_open.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `destination` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_options_destination(const struct trackside_options *options,
                                               size_t index,
                                               struct trackside_destination *destination,
                                               struct trackside_error *error);

/**
 * Opens a tracker with `options`, or, if that is NULL, with the environment alone. This starts no thread
 * and opens no store: the first hit does. The options are copied and can be freed. End the tracker with
 * trackside_tracker_free.
 *
 * A configuration with mistakes is told of in the log, too, in full.
 *
 * Threads: any. Statuses: TRACKSIDE_NULL_ARGUMENT (`tracker`), TRACKSIDE_WRONG_HANDLE, TRACKSIDE_CONFIG (also
 * if a destination of type "callback" or "celery" has no sink, or the file of `geo.file` or `track.bots_list` cannot
 * be used), TRACKSIDE_IO and TRACKSIDE_INVALID_ARGUMENT (the file that TRACKSIDE_CONFIG names),
 * TRACKSIDE_UNSUPPORTED (a destination or `geo.file` needs a feature that this build lacks), TRACKSIDE_NOT_FOUND
 * (a sink was given for a destination that there is not); TRACKSIDE_INVALID_ARGUMENT also if an earlier call has
 * used up a sink or the hooks of the options, see trackside_options_sink and trackside_options_hooks.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `tracker` is NULL or points at a place for a pointer.
 */
trackside_status trackside_tracker_open(const struct trackside_options *options,
                                        struct trackside_tracker **tracker,
                                        struct trackside_error *error);

/**
 * Ends a tracker. NULL is allowed; do not call it twice for the same value. Exchanges and visitors may
 * outlive it. Unless trackside_tracker_close was called, the last of tracker and exchanges to end closes
 * it, within the configuration's `shutdown`: what is then still in memory is dropped (shutdown). Called from
 * a sink, which cannot wait for itself, it leaves the workers five seconds for that and returns at once.
 *
 * Threads: needs `tracker` for itself.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle, which nobody uses any more.
 */
void trackside_tracker_free(struct trackside_tracker *tracker);

/**
 * Waits until every hit submitted so far has been delivered or given up, for at most `milliseconds`
 * (UINT64_MAX: the configuration's `shutdown`), and says in `left`, which may be NULL, what was left. To leave
 * something is no failure.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_tracker_flush(const struct trackside_tracker *tracker,
                                         uint64_t milliseconds,
                                         struct trackside_left *left,
                                         struct trackside_error *error);

/**
 * Delivers what can be delivered within `milliseconds` (UINT64_MAX: the configuration's `shutdown`), stops for
 * good, and says in `left`, which may be NULL, what was left. Requests are judged as before, but their hits are
 * dropped (closed). To call it again does no harm. The tracker must still be freed. For both books as well see
 * trackside_tracker_close_stats.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_tracker_close(const struct trackside_tracker *tracker,
                                         uint64_t milliseconds,
                                         struct trackside_left *left,
                                         struct trackside_error *error);

/**
 * As trackside_tracker_close, and hands out both books of the whole life, as they are then: what is in flight may still
 * end, as trackside_tracker_stats will tell. End them with trackside_stats_free.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT (`tracker`, `stats`), TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`; `stats` is NULL or points at
 * a place for a pointer.
 */
trackside_status trackside_tracker_close_stats(const struct trackside_tracker *tracker,
                                               uint64_t milliseconds,
                                               struct trackside_left *left,
                                               struct trackside_stats **stats,
                                               struct trackside_error *error);

/**
 * Counts an annotation that came after its exchange was over, for a host that has freed the exchange then; see
 * `late` of trackside_requests_book. Nothing happens with NULL and with a handle of another type.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle.
 */
void trackside_tracker_count_late(const struct trackside_tracker *tracker);

/**
 * Takes a snapshot of both books. End it with trackside_stats_free.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `stats` is NULL or points at a place for a pointer.
 */
trackside_status trackside_tracker_stats(const struct trackside_tracker *tracker,
                                         struct trackside_stats **stats,
                                         struct trackside_error *error);

/**
 * Hands out the hit at `index` of those that a recording tracker has kept so far. End it with
 * trackside_hit_free; it may outlive the tracker.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_NOT_FOUND
 * (past the end), TRACKSIDE_UNSUPPORTED (the tracker does not record).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `hit` is NULL or points at a place for a pointer.
 */
trackside_status trackside_tracker_recorded(const struct trackside_tracker *tracker,
                                            size_t index,
                                            struct trackside_hit **hit,
                                            struct trackside_error *error);

/**
 * Says how many hits a recording tracker has kept so far.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_UNSUPPORTED (the tracker does not record).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `count` is NULL or points at a place for a size_t.
 */
trackside_status trackside_tracker_recorded_count(const struct trackside_tracker *tracker,
                                                  size_t *count,
                                                  struct trackside_error *error);

/**
 * The name, in lower case, of the request header at `index` of those that are read, whatever the configuration;
 * { NULL, 0 } past the end. A host that keeps its headers by name can give these alone, with those that
 * trackside_tracker_header adds.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for: every number is legal.
 */
struct trackside_bytes trackside_request_header(size_t index);

/**
 * As trackside_request_header, of the headers that are read because of the configuration of `tracker`, such as those
 * of proxies that are trusted; { NULL, 0 } past the end, and for NULL and a handle of another type. It lives as
 * long as the tracker.
 *
 * Threads: any that may read `tracker`.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle.
 */
struct trackside_bytes trackside_tracker_header(const struct trackside_tracker *tracker,
                                                size_t index);

/**
 * The name, in lower case, of the response header at `index` of those that are read, whatever the configuration;
 * { NULL, 0 } past the end. A host can show these alone.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for: every number is legal.
 */
struct trackside_bytes trackside_response_header(size_t index);

/**
 * Looks at a request that has come. End the exchange with trackside_exchange_free. On failure nothing is
 * counted, in no book either; the log is told of the first request in the process that cannot be one.
 *
 * This allocates once: the handle, with a copy of what trackside_exchange_finish will read, which is the
 * method, the target, the authority, and the values of Host, User-Agent, Referer, Accept, Accept-Language
 * and Sec-Fetch-Dest. Only if one of these headers came twice, or has bytes that a header cannot have, it
 * allocates a few times more.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a `size` or a length that cannot be, or more
 * than there is memory for).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `request` is NULL or points at a struct of its `size`, whose pointers
 * are NULL or point at as much as their lengths say; `exchange` is NULL or points at a place for a pointer.
 */
trackside_status trackside_exchange_begin(const struct trackside_tracker *tracker,
                                          const struct trackside_request *request,
                                          struct trackside_exchange **exchange,
                                          struct trackside_error *error);

/**
 * Judges the exchange, now that the response's head is known, and submits its hits. What became of it say
 * trackside_exchange_reason and trackside_exchange_headers. On failure it is not finished, and may be
 * finished yet.
 *
 * This allocates the hits, one for the page view and one for each event, times the number of different `ip`
 * settings; and what the verdict's headers need, if there are any. It waits for nobody.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a `size` or a length that cannot be), TRACKSIDE_FINISHED (finished or
 * abandoned already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `response` is NULL or points at a struct of its `size`, whose
 * pointers are NULL or point at as much as their lengths say.
 */
trackside_status trackside_exchange_finish(struct trackside_exchange *exchange,
                                           const struct trackside_response *response,
                                           struct trackside_error *error);

/**
 * Ends the exchange as skipped (abandoned): nothing is sent, not even its events. So does
 * trackside_exchange_free with one that is not finished.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_FINISHED (finished or abandoned already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle.
 */
trackside_status trackside_exchange_abandon(struct trackside_exchange *exchange,
                                            struct trackside_error *error);

/**
 * Writes the visitor's id to `id`: 36 characters and a NUL. That of a new visitor is recorded only if the
 * response can carry its cookie.
 *
 * Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (the visitor has no id, or one of the day, which is not made before it is needed).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `id` is NULL or has room for 37 bytes.
 */
trackside_status trackside_exchange_visitor_id(const struct trackside_exchange *exchange,
                                               char *id,
                                               struct trackside_error *error);

/**
 * Whether the visitor came without a valid cookie and would be given one. False also for NULL and for a
 * handle of another type.
 *
 * Threads: any that may read `exchange`.
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle.
 */
bool trackside_exchange_is_new(const struct trackside_exchange *exchange);

/**
 * Ends an exchange. NULL is allowed; do not call it twice for the same value. One that is not finished is
 * skipped (abandoned). Where its tracker was freed before, the last one to end closes it; see
 * trackside_tracker_free.
 *
 * Threads: needs `exchange` for itself.
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle, which nobody uses any more.
 */
void trackside_exchange_free(struct trackside_exchange *exchange);

/**
 * Says what the visitor has allowed: `analytics`, to be counted, with an id; `ads`, that what is counted serves
 * ads. It is the last word, before Sec-GPC, DNT and the banner's cookie; what is TRACKSIDE_CHOICE_UNKNOWN leaves
 * things as they are. It counts for all that the exchange is asked afterwards, and for what
 * trackside_exchange_finish records. It is not kept for the next request: for that, set the cookie that is named
 * like the visitor cookie with _consent behind it, to granted, granted.ads or denied.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a choice that there is not), TRACKSIDE_FINISHED (it came too late, and is counted
 * so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle.
 */
trackside_status trackside_exchange_set_consent(struct trackside_exchange *exchange,
                                                trackside_choice analytics,
                                                trackside_choice ads,
                                                struct trackside_error *error);

/**
 * Tells what the visitor has allowed, whoever said so; each output may be NULL.
 *
 * Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`), TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `analytics` and `ads` are NULL or point at a place for a number.
 */
trackside_status trackside_exchange_consent(const struct trackside_exchange *exchange,
                                            trackside_choice *analytics,
                                            trackside_choice *ads,
                                            struct trackside_error *error);

/**
 * Whether visitors are asked before they are told apart by a cookie (`consent.policy = "opt-in"`): then a notice
 * may be due on any page, and elsewhere only where trackside_exchange_is_new is true. False also for NULL and for
 * a handle of another type.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle.
 */
bool trackside_tracker_asks(const struct trackside_tracker *tracker);

/**
 * Lends the notice to show, if one is due: on the visitor's first page, or, where visitors are asked
 * (trackside_tracker_asks), on each until there is an answer. `text` is plain, `html` has all
 * escaped that means something there; each may be NULL. They are valid until the exchange is freed.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`),
 * TRACKSIDE_WRONG_HANDLE, TRACKSIDE_NOT_FOUND (none is due), TRACKSIDE_FINISHED (finished or abandoned
 * already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `text` and `html` are NULL or point at a place for a trackside_bytes.
 */
trackside_status trackside_exchange_notice(struct trackside_exchange *exchange,
                                           struct trackside_bytes *text,
                                           struct trackside_bytes *html,
                                           struct trackside_error *error);

/**
 * Lends the banner that asks for consent, if the notice is due and the configuration has a `consent.path`: the
 * notice with a form of two buttons, in HTML without a script, ready to stand in a page. Which requests its form
 * sends, and how they are answered, says trackside_tracker_answer. It is valid until the exchange is freed.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (no notice is due, or there is no `consent.path`), TRACKSIDE_FINISHED (finished or
 * abandoned already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `html` is NULL or points at a place for a trackside_bytes.
 */
trackside_status trackside_exchange_banner(struct trackside_exchange *exchange,
                                           struct trackside_bytes *html,
                                           struct trackside_error *error);

/**
 * Answers a request, if it is not the host's but trackside's own, as those below `beacon.path` and `consent.path` are;
 * counts it, and submits what it tells of. Ask this first, with all headers of the request: one that is answered is
 * to get the answer as it is, and no trackside_exchange_begin. End the answer with trackside_answer_free.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a `size` or a length that cannot be),
 * TRACKSIDE_NOT_FOUND (the request is the host's, as every one is without those keys).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `request` is NULL or points at a struct of its `size`, whose pointers
 * are NULL or point at as much as their lengths say; `answer` is NULL or points at a place for a pointer.
 */
trackside_status trackside_tracker_answer(const struct trackside_tracker *tracker,
                                          const struct trackside_request *request,
                                          struct trackside_answer **answer,
                                          struct trackside_error *error);

/**
 * The beginning, at `index` of those that there are, of the paths that trackside_tracker_answer may answer;
 * { NULL, 0 } past the end, and for NULL or a handle of another type. There are none without those keys. A host that
 * has to copy a request before it can ask need not for one whose path begins with none of them. It is valid until
 * the tracker is freed.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle.
 */
struct trackside_bytes trackside_tracker_endpoint(const struct trackside_tracker *tracker,
                                                  size_t index);

/**
 * Lends the markup that loads the beacon, for the page to hold, and notes that it does: then the beacon counts the
 * page, and the exchange is skipped (beacon). A page from a cache of the host's own that holds it is to be noted
 * so, too. `html` may be NULL; it is valid until the tracker is freed.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`), TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (there is no beacon, and nothing is noted), TRACKSIDE_FINISHED (it came too late, and is
 * counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `html` is NULL or points at a place for a trackside_bytes.
 */
trackside_status trackside_exchange_beacon(struct trackside_exchange *exchange,
                                           struct trackside_bytes *html,
                                           struct trackside_error *error);

/**
 * The status of an answer; 0 for NULL and for a handle of another type.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `answered` is NULL or a live handle.
 */
uint16_t trackside_answer_status(const struct trackside_answer *answered);

/**
 * Why the request that was answered tells of no page view; 0 if it does, which is tracked. 0 also for NULL and for
 * a handle of another type.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `answered` is NULL or a live handle.
 */
trackside_reason trackside_answer_reason(const struct trackside_answer *answered);

/**
 * Lends the headers of an answer, in their order. Names and values end in a NUL, which their lengths do not count.
 * There is no Content-Length among them. They are valid until the answer is freed.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `answer` is NULL or a live handle; `headers` and `count` are NULL or point at a place for a pointer and for a
 * size_t.
 */
trackside_status trackside_answer_headers(const struct trackside_answer *answer,
                                          const struct trackside_header **headers,
                                          size_t *count,
                                          struct trackside_error *error);

/**
 * The body of an answer, any bytes, often none; { NULL, 0 } also for NULL and for a handle of another type. It is
 * valid until the answer is freed.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `answered` is NULL or a live handle.
 */
struct trackside_bytes trackside_answer_body(const struct trackside_answer *answered);

/**
 * Ends an answer. NULL is allowed; do not call it twice for the same value.
 *
 * Threads: needs `answered` for itself.
 *
 * # Safety
 *
 * `answered` is NULL or a live handle, which nobody uses any more.
 */
void trackside_answer_free(struct trackside_answer *answered);

/**
 * Takes up an event raised outside an exchange, for a visitor that an exchange gave out. What becomes of
 * its hit say trackside_tracker_stats.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be).
 *
 * # Safety
 *
 * `tracker` and `visitor` are NULL or live handles; `event` is NULL or points at a struct of its `size`,
 * whose pointers are NULL or point at as much as their lengths say.
 */
trackside_status trackside_tracker_event(const struct trackside_tracker *tracker,
                                         const struct trackside_visitor *visitor,
                                         const struct trackside_event *event,
                                         struct trackside_error *error);

/**
 * trackside_tracker_event for importers, who rather wait than lose an event: where a destination's queue is full, waits
 * for room for at most `milliseconds` (UINT64_MAX: the configuration's `shutdown`). With several destinations it waits for
 * each in turn, for at most that in all. Never for the thread of a request.
 *
 * `reason`, which may be NULL, says why no destination took the event: TRACKSIDE_REASON_QUEUE_FULL or _QUEUE_BYTES if
 * there was no room in time, another if it was not waited for; TRACKSIDE_REASON_NONE if one took it.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
 * TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be), TRACKSIDE_REENTRANT (called from a sink; the
 * event was not taken).
 *
 * # Safety
 *
 * `tracker` and `visitor` are NULL or live handles; `event` is NULL or points at a struct of its `size`, whose pointers
 * are NULL or point at as much as their lengths say; `reason` is NULL or points at a place for one.
 */
trackside_status trackside_tracker_event_within(const struct trackside_tracker *tracker,
                                                const struct trackside_visitor *visitor,
                                                const struct trackside_event *event,
                                                uint64_t milliseconds,
                                                trackside_reason *reason,
                                                struct trackside_error *error);

/**
 * Sets the page's title, in UTF-8, in place of what was set before; cut at 1,500 bytes. It is copied.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
 * too late, and is counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `title` points at as many bytes as its length says.
 */
trackside_status trackside_exchange_set_title(struct trackside_exchange *exchange,
                                              struct trackside_bytes title,
                                              struct trackside_error *error);

/**
 * Sets the id of the signed-in user, in UTF-8, in place of what was set before; cut at 256 bytes. It is
 * copied.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
 * too late, and is counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `user_id` points at as many bytes as its length says.
 */
trackside_status trackside_exchange_set_user_id(struct trackside_exchange *exchange,
                                                struct trackside_bytes user_id,
                                                struct trackside_error *error);

/**
 * Sets the route template that answers, such as /user/{id}, in UTF-8, in place of what was set before; cut
 * at 2,048 bytes. It is copied.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
 * too late, and is counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `route` points at as many bytes as its length says.
 */
trackside_status trackside_exchange_set_route(struct trackside_exchange *exchange,
                                              struct trackside_bytes route,
                                              struct trackside_error *error);

/**
 * Adds a property of the page view; 64 are taken. It is copied.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be),
 * TRACKSIDE_FINISHED (it came too late, and is counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `property` is NULL or points at a struct of its `size`, whose pointers
 * are NULL or point at as much as their lengths say.
 */
trackside_status trackside_exchange_add_property(struct trackside_exchange *exchange,
                                                 const struct trackside_property *property,
                                                 struct trackside_error *error);

/**
 * Raises an event; 64 are taken. It is copied, and sent when the exchange is finished, whether the page view
 * counts or not, unless the exchange is skipped for the mode, its site or path, or as fetched ahead. For
 * events raised later see trackside_tracker_event.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be),
 * TRACKSIDE_FINISHED (it came too late, and is counted so).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `event` is NULL or points at a struct of its `size`, whose pointers
 * are NULL or point at as much as their lengths say.
 */
trackside_status trackside_exchange_add_event(struct trackside_exchange *exchange,
                                              const struct trackside_event *event,
                                              struct trackside_error *error);

/**
 * Takes a snapshot of the exchange's visitor, who may have no id. End it with trackside_visitor_free.
 *
 * Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_FINISHED (finished or abandoned already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `visitor` is NULL or points at a place for a pointer.
 */
trackside_status trackside_exchange_visitor(const struct trackside_exchange *exchange,
                                            struct trackside_visitor **visitor,
                                            struct trackside_error *error);

/**
 * Writes the visitor's id to `id`: 36 characters and a NUL. That of a new visitor holds only if the
 * exchange's response could carry its cookie.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (the visitor has no id).
 *
 * # Safety
 *
 * `visitor` is NULL or a live handle; `id` is NULL or has room for 37 bytes.
 */
trackside_status trackside_visitor_id(const struct trackside_visitor *visitor,
                                      char *id,
                                      struct trackside_error *error);

/**
 * Ends a snapshot. NULL is allowed; do not call it twice for the same value.
 *
 * Threads: needs `visitor` for itself.
 *
 * # Safety
 *
 * `visitor` is NULL or a live handle, which nobody uses any more.
 */
void trackside_visitor_free(struct trackside_visitor *visitor);

/**
 * Says why the exchange was skipped; 0 if it was tracked.
 *
 * Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_UNFINISHED (neither finished nor abandoned yet).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `reason` is NULL or points at a place for a number.
 */
trackside_status trackside_exchange_reason(const struct trackside_exchange *exchange,
                                           trackside_reason *reason,
                                           struct trackside_error *error);

/**
 * Says which headers to append to the response, beside whatever it has of the same name: often none; a
 * Set-Cookie, and a Cache-Control that keeps shared caches from it. Names and values end in a NUL, which
 * their lengths do not count. All of it is valid until the exchange is freed.
 *
 * Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_UNFINISHED (neither finished nor abandoned yet).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `headers` and `count` are NULL or point at a place for a pointer and
 * for a size_t.
 */
trackside_status trackside_exchange_headers(const struct trackside_exchange *exchange,
                                            const struct trackside_header **headers,
                                            size_t *count,
                                            struct trackside_error *error);

/**
 * trackside_exchange_begin with all of the request in one block, which is read during the call alone unless it is
 * lent. It allocates as that does.
 *
 * All numbers are unsigned, little-endian and unaligned: first the lengths of all parts, then the parts,
 * without anything between or behind them.
 *
 * ```text
 *   offset  type  what
 *        0  u8    the version, 1
 *        1  u8    flags: 1 if the client came by https, 2 if the request is resolved, as in
 *                 trackside_request, 4 if the block is lent; all others are 0
 *        2  u16   n, the number of headers
 *        4  u32   length of the method
 *        8  u32   length of the target
 *       12  u32   length of the authority; 0 for none
 *       16  u32   length of the peer: 0 for none, 4 or 16
 *       20        n times: u32 length of the name, u32 length of the value
 *     20+8n       the method, the target, the authority, the peer, then of each header name and value
 * ```
 *
 * Method, target, authority and headers are what they are in `trackside_request`, any bytes. The peer is
 * the address itself, 4 or 16 bytes in network order, as inet_pton writes it. So in Python:
 *
 * ```text
 *   parts = [method, target, authority, peer]
 *   for name, value in headers: parts += [name, value]
 *   block = struct.pack(f"<BBH{len(parts)}I", 1, secure, len(headers), *map(len, parts)) + b"".join(parts)
 * ```
 *
 * To lend the block is to promise that it stays where it is, unchanged, until the exchange has been freed: then
 * nothing is copied of it, which is quicker.
 *
 * A block that is anything else is refused (TRACKSIDE_BLOB), with one of these texts:
 *
 * ```text
 *   `blob` has 19 bytes, less than its head of 20
 *   `blob` has the version 2, and this library knows 1
 *   `blob` has the flags 0x9, of which only 0x7 are known
 *   `blob` has a peer of 5 bytes, and not of 0, 4 or 16
 *   `blob` announces 3 headers, and ends within their lengths
 *   `blob` announces 120 bytes behind its lengths, and has 119
 * ```
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_BLOB.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `blob` is NULL or points at `length` bytes, which, if they are lent, nobody
 * writes or frees before the exchange is freed; `exchange` is NULL or points at a place for a pointer.
 */
trackside_status trackside_exchange_begin_blob(const struct trackside_tracker *tracker,
                                               const uint8_t *blob,
                                               size_t length,
                                               struct trackside_exchange **exchange,
                                               struct trackside_error *error);

/**
 * trackside_exchange_finish with all of the response in one block, which is read during the call alone, and
 * with annotations. It allocates as that does, and for properties and events, if there are any.
 *
 * ```text
 *   offset  type  what
 *        0  u8    the version, 1
 *        1  u8    flags: all are 0
 *        2  u16   the status
 *        4  u16   n, the number of headers
 *        6  u16   m, the number of annotations
 *        8        n times: u32 length of the name, u32 length of the value
 *      8+8n       m times: u32 tag, u32 length of the annotation
 *   8+8n+8m       of each header name and value, then the annotations
 * ```
 *
 * The annotations are taken in their order, after those that were set before: 1 is the title, 2 the user
 * id, 3 the route, each a text; 4 is a property, 5 an event. Texts are UTF-8, and cut as they are
 * elsewhere.
 *
 * ```text
 *   offset  type  what, in a property
 *        0  u32   its type, TRACKSIDE_TYPE_TEXT, _NUMBER or _TRUTH
 *        4  u32   k, the length of the key
 *        8        the key
 *      8+k        to the end: a text, or 8 bytes of an IEEE 754 number, or a byte that is 0 or 1
 *
 *   offset  type  what, in an event
 *        0  u32   length of the name
 *        4  u32   length of the category; 0 for none
 *        8  u32   length of the label; 0 for none
 *       12  u32   k, the number of properties
 *       16  f64   the value, as IEEE 754; one that is not finite for none
 *       24        k times: u32 length of the property
 *     24+4k       the name, the category, the label, then each property, as above
 * ```
 *
 * A block that is anything else is refused (TRACKSIDE_BLOB), with one of these texts; the exchange is then
 * not finished, and has none of its annotations:
 *
 * ```text
 *   `blob` has 7 bytes, less than its head of 8
 *   `blob` has the version 2, and this library knows 1
 *   `blob` has the flags 0x1, of which none is known
 *   `blob` announces 3 headers and 1 annotations, and ends within their lengths
 *   `blob` announces 120 bytes behind its lengths, and has 119
 *   `blob`, annotation 0 has the tag 6, and only 1 to 5 are known
 *   `blob`, annotation 0 has 7 bytes, less than its head of 8
 *   `blob`, annotation 0 has the type 3, and only 0 to 2 are known
 *   `blob`, annotation 0 announces a key of 9 bytes, and has 8 behind its head
 *   `blob`, annotation 0 has a number of 7 bytes, and not of 8
 *   `blob`, annotation 0 has a truth that is not one byte of 0 or 1
 *   `blob`, annotation 0 announces 3 properties, and ends within their lengths
 *   `blob`, annotation 0 announces 120 bytes behind its lengths, and has 119
 *   `blob`, annotation 0, property 2 has ... (as above)
 * ```
 *
 * and, with TRACKSIDE_INVALID_UTF8,
 *
 * ```text
 *   `blob`, annotation 0 has a title that is not UTF-8
 * ```
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_INVALID_UTF8, TRACKSIDE_BLOB,
 * TRACKSIDE_FINISHED (finished or abandoned already).
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle; `blob` is NULL or points at `length` bytes.
 */
trackside_status trackside_exchange_finish_blob(struct trackside_exchange *exchange,
                                                const uint8_t *blob,
                                                size_t length,
                                                struct trackside_error *error);

/**
 * trackside_exchange_finish_blob, trackside_exchange_reason, trackside_exchange_headers and
 * trackside_exchange_free in one: finishes the exchange as `blob` says, writes the verdict to `buffer`, and
 * frees the exchange.
 *
 * `*needed` is set to the length of the verdict, which is 8 bytes if there is no header to append:
 *
 * ```text
 *   offset  type  what
 *        0  u8    the version, 1
 *        1  u8    flags: all are 0
 *        2  u16   why the exchange was skipped; 0 if it was tracked
 *        4  u16   n, the number of headers to append
 *        6  u16   0
 *        8        n times: u32 length of the name, u32 length of the value
 *     8+8n        of each header name and value
 * ```
 *
 * It does not begin unless all its arguments are good: on every failure but one the exchange is neither
 * finished nor freed. The exception is TRACKSIDE_BUFFER, when `capacity` is less than `*needed`: then the
 * exchange is finished, `buffer` is not written, and the verdict is to be read by trackside_exchange_reason
 * and trackside_exchange_headers before trackside_exchange_free. 512 bytes are enough unless the cookie's
 * name, path or domain are long.
 *
 * Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_INVALID_UTF8, TRACKSIDE_BLOB,
 * TRACKSIDE_FINISHED (finished or abandoned already), TRACKSIDE_BUFFER.
 *
 * # Safety
 *
 * `exchange` is NULL or a live handle, which nobody uses any more after success; `blob` is NULL or points at
 * `length` bytes; `buffer` is NULL or has room for `capacity` bytes; `needed` is NULL or points at a place
 * for a size_t.
 */
trackside_status trackside_exchange_end_blob(struct trackside_exchange *exchange,
                                             const uint8_t *blob,
                                             size_t length,
                                             uint8_t *buffer,
                                             size_t capacity,
                                             size_t *needed,
                                             struct trackside_error *error);

/**
 * trackside_exchange_begin with all of the request in lines, which are read during the call alone unless they are
 * lent. It is for hosts that have the headers by name, as CGI and WSGI do. It allocates as that does.
 *
 * Between two lines there is a line feed, and none behind the last. They are the method, the target, the authority
 * (empty: none), the peer, and then for each header that trackside_request_header tells, and behind them for each
 * that trackside_tracker_header does, in that order, its value, or a single NUL where it did not come. A peer that is
 * no address, such as a unix socket's path, is none. So in Python, with `names` of these headers as WSGI spells them:
 *
 * ```text
 *   values = map(environ.get, names, ["\0"] * len(names))
 *   lines = "\n".join([method, target, "", environ["REMOTE_ADDR"], *values]).encode("latin-1")
 * ```
 *
 * `flags` are those of trackside_exchange_begin_blob. `is_new`, which may be NULL, is told what
 * trackside_exchange_is_new would.
 *
 * Another number of lines is refused (TRACKSIDE_BLOB), as where a value has a line feed in it: what a client sent
 * cannot, but what a host made up may, and goes by trackside_exchange_begin_blob.
 *
 * ```text
 *   `lines` has 16 lines, and not 17
 * ```
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold; flags that are not known), TRACKSIDE_BLOB.
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `lines` is NULL or points at `length` bytes, which, if they are lent, nobody
 * writes or frees before the exchange is freed; `exchange` is NULL or points at a place for a pointer; `is_new` is
 * NULL or points at a bool.
 */
trackside_status trackside_exchange_begin_lines(const struct trackside_tracker *tracker,
                                                const uint8_t *lines,
                                                size_t length,
                                                uint8_t flags,
                                                struct trackside_exchange **exchange,
                                                bool *is_new,
                                                struct trackside_error *error);

/**
 * trackside_exchange_begin_lines, into `scratch`: sets `exchange` and `is_new`.
 *
 * Threads: needs `scratch` for itself. Statuses: those of that function; TRACKSIDE_INVALID_ARGUMENT also for
 * `scratch->size`, and if `scratch` has an exchange that is not ended.
 *
 * # Safety
 *
 * `scratch` is NULL or points at a struct of its `size`, whose `error` is NULL or points at one of its `size`;
 * `tracker` is NULL or a live handle; `lines` is NULL or points at `length` bytes.
 */
trackside_status trackside_scratch_begin(struct trackside_scratch *scratch,
                                         const struct trackside_tracker *tracker,
                                         const uint8_t *lines,
                                         size_t length,
                                         uint8_t flags);

/**
 * trackside_exchange_end_blob, of the exchange in `scratch`: sets `needed`, and `exchange` to NULL. On a failure,
 * TRACKSIDE_BUFFER among them, the exchange stays there; with that one it is finished, `needed` is set, and its verdict
 * is to be had by trackside_exchange_headers.
 *
 * Threads: needs `scratch` and its exchange for itself. Statuses: those of that function; TRACKSIDE_INVALID_ARGUMENT
 * also for `scratch->size`.
 *
 * # Safety
 *
 * As for trackside_scratch_begin; its `exchange` is NULL or a live handle, which nobody uses any more after success,
 * and its `buffer` is NULL or has room for `capacity` bytes; `blob` is NULL or points at `length` bytes.
 */
trackside_status trackside_scratch_end(struct trackside_scratch *scratch,
                                       const uint8_t *blob,
                                       size_t length);

/**
 * Writes to `buffer` why a request would be judged as it would be, and what would be sent: the verdict, what
 * trackside_tracker_answer would answer, what each rule says, who the client is behind which proxies, the visitor, who
 * says what of its consent, the notice, the headers to append, and each hit with the exact request that
 * every destination would send, with *** for secrets. Give all headers of the request; `analytics` and `ads` are what
 * the host would say by trackside_exchange_set_consent, TRACKSIDE_CHOICE_UNKNOWN for nothing. Nothing is sent or
 * counted, and there are no annotations. The text is UTF-8 in lines, for a person to read, and ends in NUL; a later
 * library may say the same in other words.
 *
 * `*needed` is set to the size of the text with its NUL, also if that is more than `capacity`. A buffer of
 * NULL and a capacity of 0 will do to ask for it.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a choice that there is not; a `size` or a length that cannot
 * be), TRACKSIDE_BUFFER (`capacity` is less than `*needed`, and `buffer` is not written).
 *
 * # Safety
 *
 * `tracker` is NULL or a live handle; `request` and `response` are NULL or point at structs of their
 * `size`, whose pointers are NULL or point at as much as their lengths say; `buffer` is NULL or has room for
 * `capacity` bytes; `needed` is NULL or points at a place for a size_t.
 */
trackside_status trackside_tracker_explain(const struct trackside_tracker *tracker,
                                           const struct trackside_request *request,
                                           const struct trackside_response *response,
                                           trackside_choice analytics,
                                           trackside_choice ads,
                                           char *buffer,
                                           size_t capacity,
                                           size_t *needed,
                                           struct trackside_error *error);

/**
 * Reads the book of requests.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`book`).
 *
 * # Safety
 *
 * `stats` is NULL or a live handle; `book` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_stats_requests(const struct trackside_stats *stats,
                                          struct trackside_requests_book *book,
                                          struct trackside_error *error);

/**
 * How many requests were skipped for this reason; 0 too for a reason or a handle that is none.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `stats` is NULL or a live handle.
 */
uint64_t trackside_stats_skipped(const struct trackside_stats *stats,
                                 trackside_reason reason);

/**
 * How many destinations there are; 0 too for a handle that is none.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `stats` is NULL or a live handle.
 */
size_t trackside_stats_destination_count(const struct trackside_stats *stats);

/**
 * Reads the book of hits of the destination at `index`, in the configuration's order.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`book`), TRACKSIDE_NOT_FOUND (past the end).
 *
 * # Safety
 *
 * `stats` is NULL or a live handle; `book` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_stats_destination(const struct trackside_stats *stats,
                                             size_t index,
                                             struct trackside_hits_book *book,
                                             struct trackside_error *error);

/**
 * How many hits the destination at `index` refused or dropped for this reason; 0 too for what is none.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * `stats` is NULL or a live handle.
 */
uint64_t trackside_stats_hits(const struct trackside_stats *stats,
                              size_t index,
                              trackside_reason reason);

/**
 * Writes to `buffer` both books as text that Prometheus reads, ending in NUL: what a handler of GET /metrics answers,
 * as `text/plain; version=0.0.4; charset=utf-8`, without that NUL. It had better not be open to the world. A later
 * library may have more metrics.
 *
 * `*needed` is set to the size of the text with its NUL, also if that is more than `capacity`. A buffer of
 * NULL and a capacity of 0 will do to ask for it.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_BUFFER (`capacity`
 * is less than `*needed`, and `buffer` is not written).
 *
 * # Safety
 *
 * `stats` is NULL or a live handle; `buffer` is NULL or has room for `capacity` bytes; `needed` is NULL or points at a
 * place for a size_t.
 */
trackside_status trackside_stats_prometheus(const struct trackside_stats *stats,
                                            char *buffer,
                                            size_t capacity,
                                            size_t *needed,
                                            struct trackside_error *error);

/**
 * Ends a snapshot. NULL is allowed; do not call it twice for the same value.
 *
 * Threads: needs `stats` for itself.
 *
 * # Safety
 *
 * `stats` is NULL or a live handle, which nobody uses any more.
 */
void trackside_stats_free(struct trackside_stats *stats);

/**
 * Reads a text: empty where the hit has none; valid as long as the hit.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`field` is none).
 *
 * # Safety
 *
 * `hit` is NULL or a live handle; `text` is NULL or points at a place for one.
 */
trackside_status trackside_hit_text(const struct trackside_hit *hit,
                                    trackside_field field,
                                    struct trackside_bytes *text,
                                    struct trackside_error *error);

/**
 * Reads a number.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`number` is none), TRACKSIDE_NOT_FOUND (the hit has it not).
 *
 * # Safety
 *
 * `hit` is NULL or a live handle; `value` is NULL or points at a place for a double.
 */
trackside_status trackside_hit_number(const struct trackside_hit *hit,
                                      trackside_number number,
                                      double *value,
                                      struct trackside_error *error);

/**
 * Reads the property at `index`, in the order in which the host gave them. Its texts are valid as long as the
 * hit.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`property`), TRACKSIDE_NOT_FOUND (past the end).
 *
 * # Safety
 *
 * `hit` is NULL or a live handle; `property` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_hit_property(const struct trackside_hit *hit,
                                        size_t index,
                                        struct trackside_property *property,
                                        struct trackside_error *error);

/**
 * Writes the hit as the sink of type "file" does, as an object of JSON without a newline; valid as long as the
 * hit. A hit of a batch, and one of trackside_tracker_look, has `bot`, `channel`, `source`, `campaign` and `place` beside
 * what was recorded, where there is anything to say.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `hit` is NULL or a live handle; `json` is NULL or points at a place for a string.
 */
trackside_status trackside_hit_json(const struct trackside_hit *hit,
                                    struct trackside_bytes *json,
                                    struct trackside_error *error);

/**
 * Looks at a hit as a worker does, and gives a copy of it whose JSON has what was found out. Filters and editors
 * are not asked. End it with trackside_hit_free.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `tracker` and `hit` are NULL or live handles; `looked` is NULL or points at a place for a pointer.
 */
trackside_status trackside_tracker_look(const struct trackside_tracker *tracker,
                                        const struct trackside_hit *hit,
                                        struct trackside_hit **looked,
                                        struct trackside_error *error);

/**
 * Ends a hit that trackside_tracker_recorded or trackside_tracker_look gave. NULL is allowed; do not call it twice for the same value.
 * Nothing happens with a hit of a batch, which is the library's.
 *
 * Threads: needs `hit` for itself.
 *
 * # Safety
 *
 * `hit` is NULL or a live handle, which nobody uses any more.
 */
void trackside_hit_free(struct trackside_hit *hit);

/**
 * Makes the request that the destination of that name would send for `hit` alone, if it were sent now by the
 * tracker's clock. Nothing is sent or counted. End it with trackside_outgoing_free.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_UTF8; TRACKSIDE_NOT_FOUND (no destination has this name, or it is not offered this hit,
 * which was recorded under another `ip` policy); TRACKSIDE_UNSUPPORTED (it has no wire format, but takes
 * hits as they are); TRACKSIDE_REFUSED (it would refuse the hit). With that status alone the reason is
 * written to `refused`, which may be NULL.
 *
 * # Safety
 *
 * `tracker` and `hit` are NULL or live handles; `destination` can be read; `outgoing` is NULL or points at a
 * place for a pointer; `refused` is NULL or points at a place for a reason.
 */
trackside_status trackside_tracker_encode(const struct trackside_tracker *tracker,
                                          struct trackside_bytes destination,
                                          const struct trackside_hit *hit,
                                          struct trackside_outgoing **outgoing,
                                          trackside_reason *refused,
                                          struct trackside_error *error);

/**
 * Shows the request. What the view shows is valid until `outgoing` is freed.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`view`).
 *
 * # Safety
 *
 * `outgoing` is NULL or a live handle; `view` is NULL or points at a struct of its `size`.
 */
trackside_status trackside_outgoing_request(const struct trackside_outgoing *outgoing,
                                            struct trackside_outgoing_view *view,
                                            struct trackside_error *error);

/**
 * Ends a request. NULL is allowed; do not call it twice for the same value.
 *
 * Threads: needs `outgoing` for itself.
 *
 * # Safety
 *
 * `outgoing` is NULL or a live handle, which nobody uses any more.
 */
void trackside_outgoing_free(struct trackside_outgoing *outgoing);

/**
 * Replaces the sink of the destination of that name, whatever its type, in the tracker that is opened with
 * these options; one of type "callback" or "celery" has no other. Queue, batches and retries stay as they
 * are configured, and so does what the type's protocol refuses and which hits it lets share a request. Of two
 * sinks for one destination the later stands.
 *
 * From here on the sink is the library's, also if this function fails: `sink->free`, if `sink` can be read, is
 * called exactly once; see trackside_release.
 *
 * Whether there is such a destination is seen by trackside_tracker_open. The first call of that whose
 * configuration has no mistakes uses the sink up, also if it then fails: another needs another sink.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (also `sink->deliver`),
 * TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_ARGUMENT (`sink->size`), TRACKSIDE_INVALID_UTF8.
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `destination` can be read; `sink` is NULL or points at a struct of its
 * `size`, whose functions may be called as said above.
 */
trackside_status trackside_options_sink(struct trackside_options *options,
                                        struct trackside_bytes destination,
                                        const struct trackside_sink *sink,
                                        struct trackside_error *error);

/**
 * How many hits there are; 0 for what is no batch.
 *
 * Threads: see trackside_batch.
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned.
 */
size_t trackside_batch_count(const struct trackside_batch *batch);

/**
 * Hands out the hit at `index`. It is the library's, valid as long as the batch, and need not be freed.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (past the end).
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned; `hit` is NULL or points at a
 * place for a pointer.
 */
trackside_status trackside_batch_hit(const struct trackside_batch *batch,
                                     size_t index,
                                     const struct trackside_hit **hit,
                                     struct trackside_error *error);

/**
 * Makes the request that the destination's protocol would send: for as many of the leading hits as one request
 * may hold, which trackside_batch_taken is set to. To be asked again does no harm. What the view shows is
 * valid as long as the batch.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (`view`), TRACKSIDE_UNSUPPORTED (a destination of type "callback", "file" or
 * "sqlite": it has no wire format).
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned; `view` is NULL or points at a
 * struct of its `size`.
 */
trackside_status trackside_batch_request(struct trackside_batch *batch,
                                         struct trackside_outgoing_view *view,
                                         struct trackside_error *error);

/**
 * Reads an answer to the request as the destination's protocol does: `deliver` is to return the outcome. What
 * else the answer says (a wait, which of the hits are refused and why, and by the status whether a failure may lie with
 * them: 500 says so, what is above leaves it open) is kept, and replaces what trackside_batch_refuse, trackside_batch_retry_after and
 * trackside_batch_answered said before. Of the body the first 64 KiB will do.
 *
 * Without any answer, the outcome is TRACKSIDE_OUTCOME_RETRY if no byte of the request was sent, and
 * TRACKSIDE_OUTCOME_UNKNOWN if one was.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_UNSUPPORTED (as for trackside_batch_request).
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned; `headers` points at
 * `header_count` headers that can be read; `body` can be read; `outcome` is NULL or points at a place for one.
 */
trackside_status trackside_batch_classify(struct trackside_batch *batch,
                                          uint16_t status,
                                          const struct trackside_header *headers,
                                          size_t header_count,
                                          struct trackside_bytes body,
                                          trackside_outcome *outcome,
                                          struct trackside_error *error);

/**
 * Says that the attempt is about the first `leading` hits alone: the others come again at once, with another
 * batch. It is about all unless this, or trackside_batch_request, says otherwise.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_INVALID_ARGUMENT (none, or more than there are).
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned.
 */
trackside_status trackside_batch_taken(struct trackside_batch *batch,
                                       size_t leading,
                                       struct trackside_error *error);

/**
 * Says that the receiver will never take the hit at `index`, when it took others of the attempt: where
 * `deliver` returns TRACKSIDE_OUTCOME_DELIVERED, that one is refused (rejected).
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
 * TRACKSIDE_NOT_FOUND (past the end).
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned.
 */
trackside_status trackside_batch_refuse(struct trackside_batch *batch,
                                        size_t index,
                                        struct trackside_error *error);

/**
 * Says how long the receiver asked to be left alone: where `deliver` returns TRACKSIDE_OUTCOME_RETRY, the
 * destination pauses for that long, but for a day at most, or for its own longer wait.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned.
 */
trackside_status trackside_batch_retry_after(struct trackside_batch *batch,
                                             uint64_t milliseconds,
                                             struct trackside_error *error);

/**
 * Says that the failure is the receiver's own answer, so that it may lie with these hits: where `deliver` returns
 * TRACKSIDE_OUTCOME_RETRY or TRACKSIDE_OUTCOME_UNKNOWN. After three such answers in a row other hits are tried
 * before these, and hits over which it fails while it takes others are found one by one and refused (poison).
 * Without this TRACKSIDE_OUTCOME_RETRY holds nothing against hits, and they are tried, before others, until they are
 * older than `max_age`: as it is to be where nothing reached the receiver, or where it was too busy, as an HTTP status of
 * 429 says. TRACKSIDE_OUTCOME_UNKNOWN leaves it open with what the failure lies: a hit is refused for that only when it
 * alone has failed again and again, each time after at least eight others were taken in a row.
 *
 * Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `batch` is NULL or the one that `deliver` was given, which has not returned.
 */
trackside_status trackside_batch_answered(struct trackside_batch *batch,
                                          struct trackside_error *error);

/**
 * Puts `value` in place of a text; empty: takes it out. An event keeps its name if the new one is empty, and a page
 * view has neither name nor category nor label. Texts are cut as they are when they are recorded. Of two the later
 * stands.
 *
 * Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
 * TRACKSIDE_INVALID_ARGUMENT (`field` is none, or one of TRACKSIDE_FIELD_ID, _KIND, _SITE, _METHOD, _IP and
 * _VISITOR).
 *
 * # Safety
 *
 * `edit` is NULL or the one that the editor was given, which has not returned; `value` can be read.
 */
trackside_status trackside_edit_text(struct trackside_edit *edit,
                                     trackside_field field,
                                     struct trackside_bytes value,
                                     struct trackside_error *error);

/**
 * Puts a property in place of those of the same name, or adds it.
 *
 * Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
 * TRACKSIDE_INVALID_ARGUMENT (`property`: its `size`, its `type`).
 *
 * # Safety
 *
 * `edit` is NULL or the one that the editor was given, which has not returned; `property` is NULL or points at a
 * struct of its `size`, whose texts can be read.
 */
trackside_status trackside_edit_property(struct trackside_edit *edit,
                                         const struct trackside_property *property,
                                         struct trackside_error *error);

/**
 * Takes out the properties called `key`.
 *
 * Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8.
 *
 * # Safety
 *
 * `edit` is NULL or the one that the editor was given, which has not returned; `key` can be read.
 */
trackside_status trackside_edit_remove_property(struct trackside_edit *edit,
                                                struct trackside_bytes key,
                                                struct trackside_error *error);

/**
 * Takes out the visitor and the session, and with them the user's id.
 *
 * Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `edit` is NULL or the one that the editor was given, which has not returned.
 */
trackside_status trackside_edit_forget_visitor(struct trackside_edit *edit,
                                               struct trackside_error *error);

/**
 * Takes out the address.
 *
 * Threads: see trackside_edit. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
 *
 * # Safety
 *
 * `edit` is NULL or the one that the editor was given, which has not returned.
 */
trackside_status trackside_edit_forget_ip(struct trackside_edit *edit,
                                          struct trackside_error *error);

/**
 * Has the tracker that is opened with these options ask the host about each hit before the destinations have it. A
 * recording tracker has no destinations, and asks nobody. Of two the later stands.
 *
 * From here on the hooks are the library's, also if this function fails: `hooks->free`, if `hooks` can be read, is
 * called exactly once, as trackside_release says. The first trackside_tracker_open whose configuration has no mistakes
 * uses them up, also if it then fails: another needs other hooks.
 *
 * Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (also if there is neither `filter` nor
 * `edit`), TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_ARGUMENT (`hooks->size`).
 *
 * # Safety
 *
 * `options` is NULL or a live handle; `hooks` is NULL or points at a struct of its `size`, whose functions may be
 * called as said above.
 */
trackside_status trackside_options_hooks(struct trackside_options *options,
                                         const struct trackside_hooks *hooks,
                                         struct trackside_error *error);

/**
 * Has each thread of the library's call `attach` once, before it calls any other function of the host's: for the
 * whole process, and from now on. With NULL threads that have not done so yet do not.
 *
 * It is for a host whose runtime takes locks of its own to write down a thread that it meets, and to forget one that
 * ends, as CPython does: a fork at that moment would leave them taken in the child. So a thread is inside `attach`,
 * and runs its destructors of pthread_key_create as it ends, while nobody forks. A fork waits for it, for at most
 * 100 ms, and a thread for a fork, for at most a second.
 *
 * Each call keeps some bytes for good, and what was given before may still be called when it returns; so `userdata`
 * must live as long as the process.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_OK alone.
 *
 * # Safety
 *
 * `attach` is NULL or may be called as said above.
 */
trackside_status trackside_attach_set(trackside_attach attach,
                                      void *userdata,
                                      struct trackside_error *error);

/**
 * Says that the calling thread is about to fork. It waits, for at most a second, until no thread is inside
 * trackside_attach or at its end, and keeps others from it until trackside_fork_end.
 *
 * It is for a host that forks while it holds what trackside_attach waits for, as CPython's os.fork holds the GIL:
 * there it is called before, and without it. Forks of other hosts need neither, the library's handlers of
 * pthread_atfork do the same; without it they would wait for those 100 ms in vain, and then fork.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for.
 */
void trackside_fork_begin(void);

/**
 * Says that the fork is over: once for each trackside_fork_begin, in the parent alone, also if there was no fork.
 *
 * Threads: any, at any time.
 *
 * # Safety
 *
 * Nothing is asked for.
 */
void trackside_fork_end(void);

/**
 * Hands what the library has to say, up to `level`, to `log`: for the whole process, until it is called
 * again. With NULL nobody is told any more. `userdata` is handed to `log`; a call that another thread has
 * begun may still be running when this returns, so both should live as long as the process.
 *
 * Threads: any, at any time, also in the callback. Statuses: TRACKSIDE_INVALID_ARGUMENT (`level`),
 * TRACKSIDE_UNSUPPORTED (the host is in Rust, and has a `tracing` subscriber of its own).
 *
 * # Safety
 *
 * `log` is NULL or may be called as said above.
 */
trackside_status trackside_log_set(trackside_log log,
                                   int32_t level,
                                   void *userdata,
                                   struct trackside_error *error);

/**
 * As trackside_log_set, but keeps the messages until trackside_log_take takes them: then no thread of the
 * library ever calls the host. 1,000 messages are kept, of 1 MiB together; further ones are counted.
 *
 * `*waiting` is set to the address of a number that is not 0 while something waits. It may be read at any
 * time, as long as the process lives, by a plain load: so that who has nothing to take needs no call. `waiting`
 * may be NULL.
 *
 * A forked child begins with nothing that waits; what the number says there is settled by its first
 * trackside_log_take.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_INVALID_ARGUMENT (`level`), TRACKSIDE_UNSUPPORTED (the host is
 * in Rust, and has a `tracing` subscriber of its own).
 *
 * # Safety
 *
 * `waiting` is NULL or points at a place for a pointer.
 */
trackside_status trackside_log_keep(int32_t level,
                                    const uint32_t **waiting,
                                    struct trackside_error *error);

/**
 * Takes the oldest message that trackside_log_keep has kept: writes it to `buffer`, in UTF-8 and ending in NUL,
 * its level to `level`, and to `lost` how many messages could not be kept since the last one was taken. `*needed`
 * is set to the size of the message with its NUL, also if that is more than `capacity`. `level` and `lost` may
 * be NULL.
 *
 * Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_INVALID_ARGUMENT,
 * TRACKSIDE_NOT_FOUND (nothing waits), TRACKSIDE_BUFFER (`capacity` is less than `*needed`; `buffer` is not
 * written, and the message waits on).
 *
 * # Safety
 *
 * `buffer` is NULL or has room for `capacity` bytes; `needed`, `level` and `lost` are NULL or point at a place
 * for a number of their type.
 */
trackside_status trackside_log_take(char *buffer,
                                    size_t capacity,
                                    size_t *needed,
                                    int32_t *level,
                                    uint64_t *lost,
                                    struct trackside_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus


/* What structs are initialised with, and string constants; as in
 *     trackside_error error = TRACKSIDE_ERROR_INIT;
 *     trackside_bytes title = TRACKSIDE_TEXT("Cart & checkout");
 */
#define TRACKSIDE_DESTINATION_INIT { sizeof(trackside_destination), { 0 }, { 0 }, { 0 } }
#define TRACKSIDE_ERROR_INIT { sizeof(trackside_error), TRACKSIDE_OK, { 0 } }
#define TRACKSIDE_EVENT_INIT \
  { sizeof(trackside_event), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, NULL, 0, 0.0, false }
#define TRACKSIDE_HITS_BOOK_INIT \
  { sizeof(trackside_hits_book), { NULL, 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define TRACKSIDE_LEFT_INIT { sizeof(trackside_left), 0, 0, 0 }
#define TRACKSIDE_OUTGOING_VIEW_INIT \
  { sizeof(trackside_outgoing_view), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, NULL, 0, { NULL, 0 } }
#define TRACKSIDE_PROPERTY_INIT \
  { sizeof(trackside_property), { NULL, 0 }, TRACKSIDE_TYPE_TEXT, { NULL, 0 }, 0.0, false }
#define TRACKSIDE_REQUEST_INIT \
  { sizeof(trackside_request), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, NULL, 0, false, false }
#define TRACKSIDE_REQUESTS_BOOK_INIT { sizeof(trackside_requests_book), 0, 0, 0 }
#define TRACKSIDE_RESPONSE_INIT { sizeof(trackside_response), NULL, 0, 0 }
#define TRACKSIDE_SCRATCH_INIT { sizeof(trackside_scratch), NULL, false, NULL, 0, 0, NULL }
#define TRACKSIDE_SINK_INIT { sizeof(trackside_sink), NULL, NULL, NULL }
#define TRACKSIDE_HOOKS_INIT { sizeof(trackside_hooks), NULL, NULL, NULL, NULL }

/** The string constant `literal`, to initialise a trackside_bytes with. */
#define TRACKSIDE_TEXT(literal) { (literal), sizeof(literal) - 1 }

/** A view of `text`, which ends in NUL; NULL is the empty string. */
static inline trackside_bytes trackside_text(const char *text) {
  trackside_bytes bytes;
  bytes.data = text;
  bytes.length = text == NULL ? 0 : strlen(text);
  return bytes;
}

#endif /* TRACKSIDE_H */
