
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
