/* Who frees a sink of the host's: the library, exactly once, whatever becomes of the call that handed it over. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

static const char TOML[] = "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\n";

/* Options that are never opened. */
static void options_let_go_of_it(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_sink sink = sink_of(&receiver);
    trackside_options *options = options_of(TOML);
    OK(trackside_options_sink, options, trackside_text("mine"), &sink);
    CHECK_INT(counter_get(&receiver.freed), 0);
    trackside_options_free(options);
    receiver_is_let_go(&receiver);
}

/* A second sink for the same destination takes the first one's place. */
static void the_last_one_stands(void)
{
    receiver first = RECEIVER_INIT, second = RECEIVER_INIT;
    trackside_sink sinks[2] = { sink_of(&first), sink_of(&second) };
    trackside_options *options = options_of(TOML);
    OK(trackside_options_sink, options, trackside_text("mine"), &sinks[0]);
    OK(trackside_options_sink, options, trackside_text("mine"), &sinks[1]);
    trackside_tracker *tracker = open_options(options);
    visit_each(tracker, 0, 2);
    close_all(tracker);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&first);
    receiver_is_let_go(&second);
    CHECK_INT(first.taken, 0);
    CHECK_INT(second.taken, 2);
}

/* A call that fails lets go of it as well. */
static void failures_let_go_of_it(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_sink sink = sink_of(&receiver);
    trackside_options *options = options_of(TOML);
    trackside_bytes wrong = { "\xff", 1 };
    FAILS(TRACKSIDE_INVALID_UTF8, "destination", trackside_options_sink, options, wrong, &sink);
    CHECK_INT(counter_get(&receiver.freed), 1);
    wrong.data = NULL;
    FAILS(TRACKSIDE_NULL_ARGUMENT, "destination", trackside_options_sink, options, wrong, &sink);
    CHECK_INT(counter_get(&receiver.freed), 2);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "options", trackside_options_sink, NULL, trackside_text("mine"), &sink);
    CHECK_INT(counter_get(&receiver.freed), 3);
    sink.deliver = NULL;
    FAILS(TRACKSIDE_NULL_ARGUMENT, "deliver", trackside_options_sink, options, trackside_text("mine"), &sink);
    CHECK_INT(counter_get(&receiver.freed), 4);
    trackside_options_free(options);
    CHECK_INT(counter_get(&receiver.freed), 4);
}

/* A destination that the configuration does not have is found out when the tracker is opened, at the latest. */
static void a_sink_needs_its_destination(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_sink sink = sink_of(&receiver);
    trackside_options *options = options_of(TOML);
    trackside_tracker *tracker = NULL;
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_status status = trackside_options_sink(options, trackside_text("yours"), &sink, &error);
    if (status == TRACKSIDE_OK) {
        status = trackside_tracker_open(options, &tracker, &error);
    }
    CHECK_INT(status, TRACKSIDE_NOT_FOUND);
    CHECK_PART(error.text, "yours");
    CHECK(tracker == NULL);
    trackside_options_free(options);
    receiver_is_let_go(&receiver);
}

/* The type "callback" has no sink but the host's. */
static void a_destination_needs_its_sink(void)
{
    trackside_options *options = options_of(TOML);
    trackside_tracker *tracker = NULL;
    REFUSES(TRACKSIDE_CONFIG, "mine", trackside_tracker_open, options, &tracker);
    CHECK(tracker == NULL);
    trackside_options_free(options);
}

/* It belongs to the tracker that is opened first. */
static void there_is_one_tracker_to_a_sink(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_sink sink = sink_of(&receiver);
    trackside_options *options = options_of(TOML);
    trackside_tracker *first = NULL, *second = NULL;
    OK(trackside_options_sink, options, trackside_text("mine"), &sink);
    OK(trackside_tracker_open, options, &first);
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "sink", trackside_tracker_open, options, &second);
    CHECK(second == NULL);
    trackside_options_free(options);
    CHECK_INT(counter_get(&receiver.freed), 0);
    visit_each(first, 0, 1);
    close_all(first);
    trackside_tracker_free(first);
    receiver_is_let_go(&receiver);
    CHECK_INT(receiver.taken, 1);
}

/* Nothing was ever delivered: no worker has used it. */
static void an_idle_tracker_lets_go_of_it(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
    CHECK_INT(receiver_calls(&receiver), 0);
}

/* The last holder may be an exchange. */
static void an_exchange_keeps_it(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    trackside_exchange *exchange = begin_page(tracker, "/late");
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&receiver.freed), 0);
    CHECK_INT(finish_page(exchange), 0);
    receiver_is_let_go(&receiver);
    CHECK_INT(receiver.taken, 1);
    CHECK_STRING(receiver.paths[0], "/late");
}

/* free is optional; so is userdata. */
static trackside_outcome delivered(void *userdata, trackside_batch *batch)
{
    CHECK(userdata == NULL);
    return trackside_batch_count(batch) > 0 ? TRACKSIDE_OUTCOME_DELIVERED : TRACKSIDE_OUTCOME_UNKNOWN;
}

static void free_is_optional(void)
{
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = delivered;
    trackside_tracker *tracker = open_sink(TOML, "mine", &sink);
    visit_each(tracker, 0, 1);
    close_all(tracker);
    CHECK_INT(books_of(tracker).hits.delivered, 1);
    trackside_tracker_free(tracker);
}

/* Any destination's sink can be swapped: that of a store, whose folder is not there, is never opened. */
static void any_destination_can_be_swapped(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_tracker *tracker = open_receiver(
        "consent.policy = 'none'\n[[destination]]\ntype = 'sqlite'\nname = 'mine'\npath = '/nowhere/at/all.db'\n",
        &receiver);
    visit_each(tracker, 0, 3);
    close_all(tracker);
    CHECK_INT(books_of(tracker).hits.delivered, 3);
    CHECK_INT(receiver.taken, 3);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

int main(void)
{
    watchdog();
    options_let_go_of_it();
    the_last_one_stands();
    failures_let_go_of_it();
    a_sink_needs_its_destination();
    a_destination_needs_its_sink();
    there_is_one_tracker_to_a_sink();
    an_idle_tracker_lets_go_of_it();
    an_exchange_keeps_it();
    free_is_optional();
    any_destination_can_be_swapped();
    return 0;
}
