/* Two transports of our own behind trackside's queue, batches and retries. One takes the place of the network
 * under a GA4 destination and prints the exact requests instead of sending them; the other gets the hits as
 * they are. Nothing leaves this machine. */

#define _POSIX_C_SOURCE 200809L

#include <stdio.h>

#include <trackside.h>

static const char CONFIGURATION[] =
    "visitor.identity = \"cookie\"\n"
    "consent.policy = \"none\"\n"
    "[[destination]]\n"
    "type = \"ga4\"\n"
    "measurement_id = \"G-ABC1234567\"\n"
    "api_secret = \"not-a-secret\"\n"
    "[[destination]]\n"
    "type = \"callback\"\n"
    "name = \"mine\"\n";

static void print(const char *before, trackside_bytes text, const char *after)
{
    printf("%s%.*s%s", before, (int)text.length, text.data, after);
}

/* Takes the place of the network. On a worker thread, of which GA4 may have several: what is shared needs a lock. */
static trackside_outcome print_request(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    /* The request for the first hits of the batch: as many as GA4 takes in one, those of one visitor. The others
     * come again. */
    trackside_outgoing_view request = TRACKSIDE_OUTGOING_VIEW_INIT;
    if (trackside_batch_request(batch, &request, NULL) != TRACKSIDE_OK)
        return TRACKSIDE_OUTCOME_RETRY;
    flockfile(stdout);
    print("-- request\n", request.method, " ");
    print("", request.shown_url, "\n"); /* `url` is the one to send to: it has the secret */
    for (size_t i = 0; i < request.header_count; i++) {
        print("", request.headers[i].name, ": ");
        print("", request.headers[i].value, "\n");
    }
    print("\n", request.body, "\n");
    funlockfile(stdout);

    /* What the receiver's answer means, its protocol knows. Where none comes: TRACKSIDE_OUTCOME_RETRY if no byte
     * was written yet, TRACKSIDE_OUTCOME_UNKNOWN if one was. */
    trackside_outcome outcome = TRACKSIDE_OUTCOME_UNKNOWN;
    trackside_batch_classify(batch, 204, NULL, 0, trackside_text(""), &outcome, NULL);
    return outcome;
}

/* A receiver of our own: each hit by its fields. Also on a worker thread. */
static trackside_outcome print_fields(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    static const struct {
        const char *name;
        trackside_field field;
    } fields[] = {
        { "kind: ", TRACKSIDE_FIELD_KIND },   { "site: ", TRACKSIDE_FIELD_SITE },
        { "path: ", TRACKSIDE_FIELD_PATH },   { "title: ", TRACKSIDE_FIELD_TITLE },
        { "address: ", TRACKSIDE_FIELD_IP },  { "name: ", TRACKSIDE_FIELD_NAME },
    };
    flockfile(stdout);
    for (size_t i = 0; i < trackside_batch_count(batch); i++) {
        const trackside_hit *hit = NULL;
        trackside_batch_hit(batch, i, &hit, NULL);
        puts("-- hit");
        for (size_t j = 0; j < sizeof fields / sizeof fields[0]; j++) {
            trackside_bytes text = { NULL, 0 };
            trackside_hit_text(hit, fields[j].field, &text, NULL);
            if (text.length > 0) /* a page has no name */
                print(fields[j].name, text, "\n");
        }
        double value = 0;
        if (trackside_hit_number(hit, TRACKSIDE_NUMBER_VALUE, &value, NULL) == TRACKSIDE_OK)
            printf("value: %g\n", value);
    }
    funlockfile(stdout);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

/* On whichever thread is the last to use the sink, once. */
static void say_goodbye(void *userdata)
{
    printf("-- the sink of %s is gone\n", (const char *)userdata);
}

static trackside_tracker *open_tracker(trackside_error *error)
{
    static char ga4[] = "ga4", mine[] = "mine"; /* a destination is called as its type unless it has a name */
    trackside_sink network = TRACKSIDE_SINK_INIT, receiver = TRACKSIDE_SINK_INIT;
    network.userdata = ga4;
    network.deliver = print_request;
    network.free = say_goodbye;
    receiver.userdata = mine;
    receiver.deliver = print_fields;
    receiver.free = say_goodbye;

    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    if (trackside_options_new(&options, error) == TRACKSIDE_OK &&
        trackside_options_toml(options, trackside_text(CONFIGURATION), error) == TRACKSIDE_OK &&
        trackside_options_sink(options, trackside_text(ga4), &network, error) == TRACKSIDE_OK &&
        trackside_options_sink(options, trackside_text(mine), &receiver, error) == TRACKSIDE_OK)
        trackside_tracker_open(options, &tracker, error);
    trackside_options_free(options);
    return tracker;
}

static void visit(const trackside_tracker *tracker)
{
    const trackside_header asked[] = {
        { TRACKSIDE_TEXT("Host"), TRACKSIDE_TEXT("www.example.com") },
        { TRACKSIDE_TEXT("Accept"), TRACKSIDE_TEXT("text/html") },
        /* Without an agent it would be a bot's, which GA4 is not told of. */
        { TRACKSIDE_TEXT("User-Agent"),
          TRACKSIDE_TEXT("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0") },
    };
    trackside_request request = TRACKSIDE_REQUEST_INIT;
    request.method = trackside_text("GET");
    request.target = trackside_text("/walks/");
    request.peer = trackside_text("203.0.113.9");
    request.headers = asked;
    request.header_count = 3;

    const trackside_header answered[] = { { TRACKSIDE_TEXT("Content-Type"), TRACKSIDE_TEXT("text/html") } };
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    response.status = 200;
    response.headers = answered;
    response.header_count = 1;

    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text("map_opened");
    event.value = 2.5;
    event.has_value = true;

    trackside_exchange *exchange = NULL;
    trackside_exchange_begin(tracker, &request, &exchange, NULL);
    trackside_exchange_set_title(exchange, trackside_text("Twelve walks"), NULL);
    trackside_exchange_add_event(exchange, &event, NULL);
    trackside_exchange_finish(exchange, &response, NULL);
    trackside_exchange_free(exchange);
}

int main(void)
{
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_tracker *tracker = open_tracker(&error);
    if (tracker == NULL) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    visit(tracker);
    trackside_status closed = trackside_tracker_close(tracker, 5000, NULL, NULL);
    trackside_tracker_free(tracker);
    return closed == TRACKSIDE_OK ? 0 : 1;
}
