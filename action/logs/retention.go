// Package logs has the action on CloudWatch Logs: groups that keep their events too briefly.
package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type groupParams struct {
	Group string `json:"log_group"`
	Days  int32  `json:"days,omitempty"`
}

// retention is how long a log group keeps events.
type retention struct {
	Days int32 `json:"days"` // 0: for ever
}

// aYear is what the Foundational Security Best Practices ask for (CloudWatch.16).
const aYear = 365

// periods are those that CloudWatch Logs takes
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
var periods = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// want is the period that is asked for.
func (p groupParams) want() (int32, error) {
	if p.Days == 0 {
		return aYear, nil
	}
	if !slices.Contains(periods, p.Days) {
		return 0, fault.New(fault.Invalid, "days %d is no period that CloudWatch Logs takes", p.Days).
			WithHint("it takes %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(periods), " ", ", "), "[]"))
	}
	return p.Days, nil
}

func describe(ctx context.Context, cfg aws.Config, name string) (*types.LogGroup, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(cloudwatchlogs.NewFromConfig(cfg), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "logs:DescribeLogGroups", "look at the log group %s", name)
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				return &g, nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, "there is no log group %s", name).WithHint("it is in another region, or it was deleted")
}

func findGroup(ctx context.Context, cfg aws.Config, req action.Request, p groupParams) ([]action.Resource, error) {
	if p.Group == "" {
		return nil, fault.New(fault.Invalid, "no log group is named").WithHint(`give {"log_group": "/aws/lambda/pay"}`)
	}
	if _, err := p.want(); err != nil {
		return nil, err
	}
	group, err := describe(ctx, cfg, p.Group)
	if err != nil {
		return nil, err
	}
	// Permissions and tags name a group without the ":*" that its Arn member ends with.
	arn := strings.TrimSuffix(aws.ToString(group.Arn), ":*")
	out, err := cloudwatchlogs.NewFromConfig(cfg).ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, awscall.Fault(err, "logs:ListTagsForResource", "read the tags of the log group %s", p.Group)
	}
	return []action.Resource{{
		Type: "AWS::Logs::LogGroup", ARN: arn, Name: p.Group, Account: req.Account, Region: req.Region, Tags: out.Tags,
	}}, nil
}

// NewSetRetention returns the action logs.set-retention.
func NewSetRetention(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[groupParams, retention]{
		Spec: action.Spec{
			Name:  "logs.set-retention",
			Title: "Keep log events long enough",
			Description: "Has a log group of CloudWatch Logs keep its events for a year, or for the days that are given, where it keeps them for less. " +
				"A group that keeps them longer or for ever stays as it is. What was deleted before can't be had again.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["log_group"],
  "properties": {
    "log_group": {"type": "string", "minLength": 1, "maxLength": 512, "description": "name of the log group"},
    "days": {"enum": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], "description": "365 if absent"}
  }
}`),
			Permissions: []string{"logs:DescribeLogGroups", "logs:ListTagsForResource", "logs:PutRetentionPolicy"},
			Effect:      action.StateChecked,
		},
		Find: findGroup,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (retention, error) {
			group, err := describe(ctx, cfg, r.Name)
			if err != nil {
				return retention{}, err
			}
			return retention{aws.ToInt32(group.RetentionInDays)}, nil
		},
		Want: func(_ action.Resource, p groupParams, now retention) (retention, string, error) {
			days, err := p.want()
			switch {
			case err != nil:
				return now, "", err
			case now.Days == 0:
				return now, "It keeps its events for ever.", nil
			case now.Days >= days:
				return now, fmt.Sprintf("It keeps its events for %d days already.", now.Days), nil
			}
			return retention{days}, fmt.Sprintf("It keeps its events for %d days only.", now.Days), nil
		},
		Steps: func(r action.Resource, _, to retention) ([]setting.Step[retention], error) {
			input := map[string]any{"LogGroupName": r.Name, "RetentionInDays": to.Days}
			return []setting.Step[retention]{{Operation: "PutRetentionPolicy", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"PutRetentionPolicy": setting.Op(cloudwatchlogs.NewFromConfig, (*cloudwatchlogs.Client).PutRetentionPolicy),
		},
	})
}
