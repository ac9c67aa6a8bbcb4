package actiontest

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"riposte.dev/action/awscall"
	"riposte.dev/event"
)

// trail holds each call that an action made against CloudTrail's record of it. An event of riposte's own is known by the name of its
// call where the request id is lost, so the names of the journal must be those that the guard makes of CloudTrail's.
type trail struct {
	mu      sync.Mutex
	calls   map[string][2]string // by request id: service and operation, as a receipt has them
	records map[string]recorded
}

// recorded is what a record says of its call.
type recorded struct {
	EventSource string `json:"eventSource"`
	EventName   string `json:"eventName"`
	RequestID   string `json:"requestID"`
}

// follow notes the calls that are made with the configuration.
func (r *trail) follow(cfg aws.Config) aws.Config {
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("actiontest.Trail", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
				r.mu.Lock()
				defer r.mu.Unlock()
				if r.calls == nil {
					r.calls = map[string][2]string{}
				}
				r.calls[id] = [2]string{awscall.Prefix(awsmiddleware.GetServiceID(ctx)), awsmiddleware.GetOperationName(ctx)}
			}
			return out, metadata, err
		}), middleware.Before)
	})
	return cfg
}

// record takes an event of the sandbox.
func (r *trail) record(raw []byte) {
	var e struct {
		Detail recorded `json:"detail"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Detail.RequestID == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.records == nil {
		r.records = map[string]recorded{}
	}
	r.records[e.Detail.RequestID] = e.Detail
}

// check compares them.
func (r *trail) check(t *testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := map[[2]string]bool{}
	for id, call := range r.calls {
		record, there := r.records[id]
		if !there || told[call] {
			continue
		}
		service := event.Service(record.EventSource)
		if service != call[0] || record.EventName != call[1] && event.Operation(service, record.EventName) != call[1] {
			told[call] = true
			t.Errorf("riposte's journal knows as %s:%s what CloudTrail records as %s of %s: correct event.Service or event.Operation",
				call[0], call[1], record.EventName, record.EventSource)
		}
	}
}
