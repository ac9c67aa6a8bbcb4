package aws

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// buses puts events on other event buses, of any account and region.
type buses struct{ sender }

var _ target.Sender = (*buses)(nil)

// forwarded is put before the source of an event of AWS's own: PutEvents refuses sources that begin with "aws."
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html); only EventBridge itself forwards those.
// So aws.cloudtrail arrives as riposte.aws.cloudtrail.
const forwarded = "riposte."

// Send puts the event with its source, detail-type, detail, resources and time. The bus gives it an id, account and region
// of its own.
func (s *buses) Send(ctx context.Context, r target.Request) error {
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	var e struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
		Resources  []string        `json:"resources"`
		Time       time.Time       `json:"time"`
	}
	if err := json.Unmarshal(r.Input, &e); err != nil {
		return fault.New(fault.Invalid, "the input is not an event: %w", err)
	}
	if strings.HasPrefix(e.Source, "aws.") {
		e.Source = forwarded + e.Source
	}
	entry := types.PutEventsRequestEntry{
		EventBusName: aws.String(r.Target.ARN), Source: aws.String(e.Source), DetailType: aws.String(e.DetailType),
		Detail: aws.String(string(e.Detail)), Resources: e.Resources,
	}
	if !e.Time.IsZero() {
		entry.Time = aws.Time(e.Time)
	}
	out, err := eventbridge.NewFromConfig(cfg).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return s.failed(ctx, &r.Target, "put the event", err)
	}
	if out.FailedEntryCount == 0 {
		return nil
	}
	refused := &smithy.GenericAPIError{Code: "Unknown"}
	if len(out.Entries) > 0 {
		refused.Code, refused.Message = aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage)
	}
	return s.failed(ctx, &r.Target, "put the event", refused)
}
