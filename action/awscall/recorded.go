package awscall

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

// RecordedPermissions are what [Recorded] takes.
var RecordedPermissions = []string{"config:DescribeConfigurationRecorderStatus", "config:GetResourceConfigHistory"}

// Recorded returns how AWS Config has last recorded a resource before a time; nil where it has not, or may have missed a change: it
// records nothing now, or has recorded only since then. It tells of changes some minutes late, so what CloudTrail tells comes first.
// (https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html)
func Recorded(ctx context.Context, cfg aws.Config, kind types.ResourceType, id string, before time.Time) (*types.ConfigurationItem, error) {
	client := configservice.NewFromConfig(cfg)
	status, err := client.DescribeConfigurationRecorderStatus(ctx, nil)
	if err != nil {
		return nil, Fault(err, RecordedPermissions[0], "see whether AWS Config records")
	}
	for _, r := range status.ConfigurationRecordersStatus {
		if aws.ToString(r.ServicePrincipal) != "" || !r.Recording || r.LastStartTime == nil || !r.LastStartTime.Before(before) {
			continue
		}
		out, err := client.GetResourceConfigHistory(ctx, &configservice.GetResourceConfigHistoryInput{
			ResourceType: kind, ResourceId: &id, LaterTime: aws.Time(before.Add(-time.Millisecond)), Limit: 1,
		})
		var undiscovered *types.ResourceNotDiscoveredException
		if errors.As(err, &undiscovered) {
			return nil, nil
		}
		if err != nil {
			return nil, Fault(err, RecordedPermissions[1], "look into AWS Config's history of %s", id)
		}
		for _, item := range out.ConfigurationItems {
			if s := item.ConfigurationItemStatus; s == types.ConfigurationItemStatusOk || s == types.ConfigurationItemStatusResourceDiscovered {
				return &item, nil
			}
		}
	}
	return nil, nil
}
