package firehose_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"riposte.dev/event"
	"riposte.dev/source/firehose"
)

// A stream delivers one record, which holds an event in base64.
func ExampleHandler() {
	h := firehose.NewHandler(firehose.Options{
		Name: "trail",
		Decode: func(data []byte) ([]*event.Envelope, []firehose.Bad, error) {
			e, err := event.Parse(data)
			return []*event.Envelope{e}, nil, err
		},
		Accept: func(_ context.Context, events []*event.Envelope) []error {
			fmt.Println("on disk:", events[0].ID)
			return make([]error, len(events))
		},
		Bury:   func(context.Context, string, string, []byte) error { return nil },
		Caller: func(*http.Request) firehose.Caller { return firehose.Caller{} },
		Now:    func() time.Time { return time.UnixMilli(1772334000123) },
	})
	r := httptest.NewRequest(http.MethodPost, "/firehose", strings.NewReader(`{"requestId":"r-1","timestamp":1772334000000,"records":[{"data":`+
		`"eyJ2ZXJzaW9uIjoiMCIsImlkIjoiZS0xIiwic291cmNlIjoic2hvcCIsImRldGFpbC10eXBlIjoiT3JkZXIiLCJhY2NvdW50IjoiMTExMTIyMjIzMzMzIiwidGltZSI6IjIwMjYtMDMtMDFUMDM6MDA6MDBaIiwicmVnaW9uIjoiZXUtd2VzdC0xIiwicmVzb3VyY2VzIjpbXSwiZGV0YWlsIjp7fX0="}]}`))
	r.Header.Set("X-Amz-Firehose-Protocol-Version", "1.0")
	r.Header.Set("X-Amz-Firehose-Request-Id", "r-1")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// on disk: e-1
	// 200 {"requestId":"r-1","timestamp":1772334000123}
}
