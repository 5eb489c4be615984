/* A sink that calls back into the library, from the worker that delivers. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

static const char TOML[] =
    "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.age = '1ms'\n";

static trackside_outcome everything(receiver *receiver, trackside_batch *batch)
{
    trackside_tracker *tracker = receiver->more;
    receiver_take(receiver, batch);
    if (receiver->calls > 1) {
        return TRACKSIDE_OUTCOME_DELIVERED;
    }

    /* It cannot wait for itself. */
    trackside_left left = { sizeof left, 77, 77, 77 };
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_flush, tracker, LIMIT, &left);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_close, tracker, LIMIT, &left);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_close, tracker, 0, NULL);
    CHECK_INT(left.queued, 77);

    /* It can do all the rest: the hit of a page of its own comes in a later batch. */
    CHECK_INT(books_of(tracker).hits.in_flight, 1);
    CHECK_INT(visit(tracker, "/from-the-worker"), 0);
    trackside_exchange *exchange = begin_page(tracker, "/abandoned");
    trackside_visitor *visitor = NULL;
    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text("delivered");
    OK(trackside_exchange_visitor, exchange, &visitor);
    OK(trackside_exchange_abandon, exchange);
    trackside_exchange_free(exchange);
    OK(trackside_tracker_event, tracker, visitor, &event);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_event_within, tracker, visitor, &event, LIMIT, NULL);
    trackside_visitor_free(visitor);
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    size_t needed = 0;
    FAILS(TRACKSIDE_BUFFER, "", trackside_tracker_explain, tracker, &request, &response, UNSAID, NULL, 0, &needed);

    /* A tracker of another's is nobody's worker here. */
    trackside_tracker *other = open_recording("consent.policy = 'none'\n");
    CHECK_INT(visit(other, "/"), 0);
    close_all(other);
    trackside_tracker_free(other);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void a_sink_may_use_its_tracker(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = everything;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    receiver.more = tracker;
    CHECK_INT(visit(tracker, "/first"), 0);
    /* When the first has been delivered, the others have been submitted. */
    OK(trackside_tracker_flush, tracker, LIMIT, NULL);
    close_all(tracker);
    CHECK_INT(receiver.taken, 3);
    CHECK_STRING(receiver.paths[0], "/first");
    CHECK_STRING(receiver.paths[1], "/from-the-worker");
    book book = books_of(tracker);
    CHECK_INT(book.hits.delivered, 3);
    CHECK_INT(book.requests.tracked, 2);
    CHECK_INT(book.requests.seen, 3);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* Two destinations: the worker of one may not wait for itself through the other. */
static trackside_outcome flushes(receiver *receiver, trackside_batch *batch)
{
    receiver_take(receiver, batch);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_flush, receiver->more, LIMIT, NULL);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void neither_may_one_of_several(void)
{
    receiver mine = RECEIVER_INIT, second = RECEIVER_INIT;
    mine.answer = second.answer = flushes;
    trackside_sink sinks[2] = { sink_of(&mine), sink_of(&second) };
    trackside_options *options = options_of(
        "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\n"
        "[[destination]]\ntype = 'callback'\nname = 'second'\n");
    OK(trackside_options_sink, options, trackside_text("mine"), &sinks[0]);
    OK(trackside_options_sink, options, trackside_text("second"), &sinks[1]);
    trackside_tracker *tracker = open_options(options);
    mine.more = second.more = tracker;
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(mine.taken + second.taken, 2);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&mine);
    receiver_is_let_go(&second);
}

/* The host's last handle goes while its own worker delivers: nobody waits for anybody, nothing is lost. */
static trackside_outcome lets_go_of_the_tracker(receiver *receiver, trackside_batch *batch)
{
    receiver_take(receiver, batch);
    if (receiver->more != NULL) {
        counter_wait(&receiver->door, 1);
        trackside_tracker_free(receiver->more);
        receiver->more = NULL;
    }
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void a_worker_may_let_go_of_its_tracker(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = lets_go_of_the_tracker;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    receiver.more = tracker;
    visit_each(tracker, 0, 1);
    trackside_exchange *exchange = begin_page(tracker, "/1");
    counter_add(&receiver.door, 1);
    CHECK_INT(finish_page(exchange), 0);
    receiver_is_let_go(&receiver);
    CHECK_INT(receiver.taken, 2);
}

int main(void)
{
    watchdog();
    a_sink_may_use_its_tracker();
    neither_may_one_of_several();
    a_worker_may_let_go_of_its_tracker();
    return 0;
}
