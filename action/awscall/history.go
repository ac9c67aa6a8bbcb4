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
			return Fault(err, "cloudtrail:LookupEvents", "look into CloudTrail's history of %s", value)
		}
		for _, event := range page.Events {
			if !visit(json.RawMessage(aws.ToString(event.CloudTrailEvent))) {
				return nil
			}
		}
	}
	return nil
}
