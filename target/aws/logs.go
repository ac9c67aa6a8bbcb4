package aws

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// logGroups writes to CloudWatch Logs, a stream for each target of a rule: riposte/RULE/TARGET.
type logGroups struct{ sender }

var _ target.Sender = (*logGroups)(nil)

// Send writes the input as one log event. As with EventBridge, an object with nothing but timestamp and message gives
// both; any other input is the message, written now. A stream that is missing is made, a group is not.
func (s *logGroups) Send(ctx context.Context, r target.Request) error {
	cfg, to, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	entry := types.InputLogEvent{Message: aws.String(string(r.Input)), Timestamp: aws.Int64(time.Now().UnixMilli())}
	if message, at, ok := logEvent(r.Input); ok {
		entry = types.InputLogEvent{Message: aws.String(message), Timestamp: aws.Int64(at.UnixMilli())}
	}
	group := strings.TrimSuffix(name(to.Resource), ":*")
	stream := strings.NewReplacer(":", "-", "*", "-").Replace("riposte/" + r.Rule + "/" + r.Target.ID)
	client := cloudwatchlogs.NewFromConfig(cfg)
	put := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream), LogEvents: []types.InputLogEvent{entry}}
	out, err := client.PutLogEvents(ctx, put)
	if gone := (*types.ResourceNotFoundException)(nil); errors.As(err, &gone) {
		_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: put.LogGroupName, LogStreamName: put.LogStreamName})
		if exists := (*types.ResourceAlreadyExistsException)(nil); err != nil && !errors.As(err, &exists) {
			return s.failed(ctx, &r.Target, "make the log stream "+stream, err)
		}
		out, err = client.PutLogEvents(ctx, put)
	}
	if err != nil {
		return s.failed(ctx, &r.Target, "write to the log", err)
	}
	if out.RejectedLogEventsInfo != nil {
		return fault.New(fault.Invalid, "the log refuses an event of %s", time.UnixMilli(*entry.Timestamp).UTC().Format(time.RFC3339)).
			WithHint("it takes the last 14 days, not beyond the group's retention, and 2 hours ahead")
	}
	return nil
}

// logEvent reads {"timestamp": …, "message": …}; the timestamp is RFC 3339 or milliseconds since 1970.
func logEvent(input []byte) (message string, at time.Time, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(input, &fields) != nil || len(fields) != 2 || json.Unmarshal(fields["message"], &message) != nil {
		return "", at, false
	}
	var ms int64
	if json.Unmarshal(fields["timestamp"], &ms) == nil {
		return message, time.UnixMilli(ms), true
	}
	return message, at, json.Unmarshal(fields["timestamp"], &at) == nil
}
