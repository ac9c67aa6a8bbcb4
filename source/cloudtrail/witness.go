package cloudtrail

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action/awscall"
	"riposte.dev/event"
	"riposte.dev/fault"
)

// Witness says what CloudTrail itself recorded: of an event that came by some other way, whether it is true. It asks LookupEvents
// in the event's account and region (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html), at
// the pace that all share who do, and remembers what it saw, for records don't change. It is safe for concurrent use.
type Witness struct {
	aws   AWS
	paces *Paces

	mu      sync.Mutex
	records map[string]*event.Record
}

// maxWitnessed bounds the memory; over it, the table starts again.
const maxWitnessed = 1000

// NewWitness returns a witness who has seen nothing.
func NewWitness(aws AWS, paces *Paces) *Witness {
	return &Witness{aws: aws, paces: paces, records: map[string]*event.Record{}}
}

// Recorded returns the record of an event; nil where CloudTrail shows none of that id, as it may for some minutes after the call.
// Events that are older than 90 days, and data events, are never shown. Errors carry fault codes; a call is not repeated.
func (w *Witness) Recorded(ctx context.Context, account, region, eventID string) (*event.Record, error) {
	key := account + "/" + region + "/" + eventID
	w.mu.Lock()
	known := w.records[key]
	w.mu.Unlock()
	if known != nil {
		return known, nil
	}
	cfg, err := w.aws(ctx, account, region)
	if err != nil {
		return nil, err
	}
	pace := w.paces.For(account, region)
	if err := pace.wait(ctx); err != nil {
		return nil, err
	}
	out, err := cloudtrail.NewFromConfig(cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyEventId, AttributeValue: aws.String(eventID)}}}, noRetry)
	if err != nil {
		err = awscall.Fault(err, "cloudtrail:LookupEvents", "look up event %s", eventID)
		if fault.CodeOf(err) == fault.Throttled {
			pace.throttled()
		}
		return nil, err
	}
	pace.answered()
	for _, e := range out.Events {
		if aws.ToString(e.EventId) != eventID {
			continue
		}
		env, err := event.FromCloudTrail([]byte(aws.ToString(e.CloudTrailEvent)))
		if err != nil {
			return nil, fault.New(fault.Internal, "CloudTrail shows event %s, and its record can't be read: %w", eventID, err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.records) >= maxWitnessed {
			clear(w.records)
		}
		w.records[key] = env.Record()
		return env.Record(), nil
	}
	return nil, nil
}
