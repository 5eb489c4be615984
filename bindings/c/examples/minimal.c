/* The whole way of one request: open, begin, finish, the verdict, close. Hits go into trackside.db, in the
 * current folder. */

#include <inttypes.h>
#include <stdio.h>

#include <trackside.h>

static const char CONFIGURATION[] =
    "consent.policy = \"notice\"      # visitors are told on their first page; or \"none\"\n"
    "track.ignore = [\"/admin/\"]     # plain prefixes, or with `*` for any run of characters\n"
    "[[destination]]\n"
    "type = \"sqlite\"\n"
    "path = \"trackside.db\"\n";

static trackside_tracker *open_tracker(void)
{
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    if (trackside_options_new(&options, &error) != TRACKSIDE_OK ||
        trackside_options_toml(options, trackside_text(CONFIGURATION), &error) != TRACKSIDE_OK ||
        trackside_tracker_open(options, &tracker, &error) != TRACKSIDE_OK)
        fprintf(stderr, "%s\n", error.text); /* every mistake in the configuration, with its key */
    trackside_options_free(options);
    return tracker;
}

static void print_verdict(const trackside_exchange *exchange)
{
    trackside_reason reason = 0;
    trackside_exchange_reason(exchange, &reason, NULL);
    if (reason == 0)
        puts("tracked");
    else
        printf("skipped(%s)\n", trackside_reason_code(reason));

    const trackside_header *headers = NULL;
    size_t count = 0;
    trackside_exchange_headers(exchange, &headers, &count, NULL);
    for (size_t i = 0; i < count; i++) /* a server appends these to its response */
        printf("%s: %s\n", headers[i].name.data, headers[i].value.data);
}

int main(void)
{
    trackside_tracker *tracker = open_tracker();
    if (tracker == NULL)
        return 1;

    /* What the server has of the request. Trackside copies what it needs; tracking never fails a page, so a
     * server may pass over the status of everything from here on. */
    const trackside_header asked[] = {
        { TRACKSIDE_TEXT("Host"), TRACKSIDE_TEXT("www.example.com") },
        { TRACKSIDE_TEXT("Accept"), TRACKSIDE_TEXT("text/html") },
    };
    trackside_request request = TRACKSIDE_REQUEST_INIT;
    request.method = trackside_text("GET");
    request.target = trackside_text("/walks/?utm_source=newsletter");
    request.peer = trackside_text("203.0.113.9");
    request.headers = asked;
    request.header_count = sizeof asked / sizeof asked[0];
    request.secure = true;
    trackside_exchange *exchange = NULL;
    trackside_exchange_begin(tracker, &request, &exchange, NULL);

    /* The page is made here. */
    trackside_bytes notice;
    if (trackside_exchange_notice(exchange, &notice, NULL, NULL) == TRACKSIDE_OK)
        printf("notice: %.*s\n", (int)notice.length, notice.data);
    trackside_exchange_set_title(exchange, trackside_text("Twelve walks"), NULL);

    /* As soon as the response's head is known. */
    const trackside_header answered[] = {
        { TRACKSIDE_TEXT("Content-Type"), TRACKSIDE_TEXT("text/html; charset=utf-8") },
    };
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    response.status = 200;
    response.headers = answered;
    response.header_count = sizeof answered / sizeof answered[0];
    trackside_exchange_finish(exchange, &response, NULL);
    print_verdict(exchange);
    trackside_exchange_free(exchange);

    /* Delivers what still waits, for at most five seconds. */
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_tracker_close(tracker, 5000, &left, NULL);
    printf("left: %" PRIu64 " queued, %" PRIu64 " in flight, %" PRIu64 " spooled\n", left.queued, left.in_flight,
           left.spooled);
    trackside_tracker_free(tracker);
    return 0;
}
