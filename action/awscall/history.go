package awscall

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// maxHistory bounds how many pages of fifty events are read. AWS answers two a second.
const maxHistory = 20

// History hands the records that CloudTrail's history of 90 days has in cfg's region to visit, the newest first and from until on
// back, to the second; visit returns false for enough. It reads 1,000 records at most.
// (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html)
func History(ctx context.Context, cfg aws.Config, key types.LookupAttributeKey, value string, until time.Time, visit func(record json.RawMessage) bool) error {
	_, err := history(ctx, cfg, key, value, until, visit)
	return err
}

// history does so, and reports whether visit has seen all that there is.
func history(ctx context.Context, cfg aws.Config, key types.LookupAttributeKey, value string, until time.Time, visit func(record json.RawMessage) bool) (all bool, err error) {
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(cfg), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}},
		EndTime:          aws.Time(until.Add(time.Second)),
	})
	for range maxHistory {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, Fault(err, "cloudtrail:LookupEvents", "look into CloudTrail's history of %s", value)
		}
		for _, event := range page.Events {
			if !visit(json.RawMessage(aws.ToString(event.CloudTrailEvent))) {
				return false, nil
			}
		}
	}
	return !pages.HasMorePages(), nil
}

// Change is what a record of CloudTrail tells of a change: what it left.
type Change[T any] struct {
	ID      string
	At      time.Time // to the second
	Created bool      // the resource, so that nothing was before
	Left    T
}

// LeftBefore returns what the last change before one left, as CloudTrail's history of a resource tells; nil where that is not known.
// read tells of a record whether it is of a change that happened; older is asked where the whole history has none. Of two changes in
// one second nobody can tell which was first, but a resource was created before it was changed.
func LeftBefore[T any](ctx context.Context, cfg aws.Config, resource string, change Change[T],
	read func(record json.RawMessage) (Change[T], bool), older func() (*T, error)) (*T, error) {
	if change.ID == "" || change.At.IsZero() {
		return nil, nil
	}
	var found *Change[T]
	all, err := history(ctx, cfg, types.LookupAttributeKeyResourceName, resource, change.At, func(record json.RawMessage) bool {
		earlier, ok := read(record)
		if !ok || earlier.ID == change.ID || earlier.At.After(change.At) {
			return true
		}
		switch {
		case !earlier.Created && (earlier.At.Equal(change.At) || found != nil && !found.Created && earlier.At.Equal(found.At)):
			found = nil
			return false
		case found != nil && earlier.At.Before(found.At):
			return false
		case found == nil || !earlier.Created:
			found = &earlier
		}
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case found != nil:
		return &found.Left, nil
	case all:
		return older()
	}
	return nil, nil
}
