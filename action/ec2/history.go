package ec2

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// maxHistory bounds how many pages of fifty events are read. AWS answers two a second.
const maxHistory = 20

// history returns what the entry was before the event, by the last earlier event that made it what it was; nil where
// CloudTrail, which looks back for 90 days, doesn't tell. Records have seconds: of two in one nobody can tell which was first.
func (a *revertPart[V]) history(ctx context.Context, req action.Request, e partEvent[V]) (*part[V], error) {
	if e.at.IsZero() || e.id == "" {
		return nil, nil
	}
	cfg, err := a.caller.Config(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	var found *partEvent[V]
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(cfg), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: &e.list}},
		EndTime:          aws.Time(e.at.Add(time.Second)),
	})
	for range maxHistory {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "cloudtrail:LookupEvents", "look for what %s was before", e.list)
		}
		for _, event := range page.Events {
			earlier, err := a.kind.parse(json.RawMessage(aws.ToString(event.CloudTrailEvent)))
			switch {
			case err != nil || earlier.refused || earlier.list != e.list || earlier.key != e.key || earlier.id == e.id || earlier.at.After(e.at):
				continue
			case earlier.at.Equal(e.at), found != nil && earlier.at.Equal(found.at):
				return nil, nil
			case found != nil:
				return found.before(a.kind), nil
			}
			found = &earlier
		}
	}
	if found == nil {
		return nil, nil
	}
	return found.before(a.kind), nil
}

// before is what the event left, where that can be made again.
func (e *partEvent[V]) before(k partKind[V]) *part[V] {
	if e.left == nil || !k.exact(*e.left) {
		return nil
	}
	return &part[V]{e.left}
}
