package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"riposte.dev/notify"
	"riposte.dev/notify/webhook"
)

// A receiver reads the payload, and the delivery's id, by which it knows a second copy.
func ExampleChannel_Send() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var p webhook.Payload
		fmt.Println(json.NewDecoder(r.Body).Decode(&p))
		fmt.Println(r.Header.Get("webhook-id"), p.Type, p.Version, p.Data.Severity, p.Data.Subject)
	}))
	defer receiver.Close()
	c, err := webhook.New(webhook.Config{Name: "ops", URL: receiver.URL, AllowPrivate: true, AllowPlaintext: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Send(context.Background(), notify.Delivery{ID: "d1", Message: notify.Message{Severity: "HIGH", Subject: "Trail main was stopped"}}))
	// Output:
	// <nil>
	// d1 riposte.notification 1 HIGH Trail main was stopped
	// <nil>
}
