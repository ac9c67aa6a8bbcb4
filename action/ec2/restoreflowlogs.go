package ec2

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// deletedParams are the event, with what was found out beside it.
type deletedParams struct {
	Event   json.RawMessage `json:"event"`
	byVPC   map[string][]flowLog
	unknown []string // flow logs of which nothing tells what they were
}

// NewRestoreFlowLogs returns the action ec2.restore-flow-logs.
func NewRestoreFlowLogs(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[deletedParams, flowLogs]{
		Spec: action.Spec{
			Name:  "ec2.restore-flow-logs",
			Title: "Log a VPC's traffic again as an event's deleted flow logs did",
			Description: "Creates the flow logs of VPCs again that an event deleted, with their destination, role, traffic, format, interval and kind of files, as " +
				"CloudTrail's history of 90 days tells of their creation. They have new ids, and what nobody logged meanwhile is lost. Flow logs that " +
				"are older, and those of subnets and interfaces, are left to people. The undo deletes them again; what they wrote stays.",
			Parameters: awscall.EventSchema("DeleteFlowLogs"),
			Permissions: []string{
				"ec2:DescribeVpcs", "ec2:DescribeFlowLogs", "ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "iam:PassRole",
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "cloudtrail:LookupEvents",
			},
			Within: map[string]action.Limit{"iam:PassRole": action.PassedTo("vpc-flow-logs.amazonaws.com")},
			Effect: action.StateChecked,
		},
		Complete: asCreated, Find: findDeleted, Leave: leaveShared, Read: readFlowLogs,
		Want: func(r action.Resource, p deletedParams, now flowLogs) (flowLogs, string, error) {
			if slices.Contains(p.unknown, r.Name) {
				return now, "", setting.Escalation("CloudTrail's history doesn't tell which VPC it logged, and where to. Look it up in the history of " +
					"AWS Config or in the template that made it, and create it again.")
			}
			want := flowLogs{Logs: slices.Clone(now.Logs)}
			for _, l := range p.byVPC[r.Name] {
				if !slices.Contains(want.Logs, l) {
					want.Logs = append(want.Logs, l)
				}
			}
			if len(want.Logs) == len(now.Logs) {
				return now, "It logs its traffic as before already.", nil
			}
			slices.SortFunc(want.Logs, flowLog.compare)
			return want, "Its flow logs were deleted.", nil
		},
		Steps:      flowSteps,
		Operations: map[string]setting.Operation{"CreateFlowLogs": createFlowLogs, "DeleteFlowLogs": deleteFlowLogs},
	})
}

// findDeleted returns the VPCs whose flow logs were deleted, and the flow logs of which nothing more is known.
func findDeleted(ctx context.Context, cfg aws.Config, req action.Request, p deletedParams) ([]action.Resource, error) {
	var found []action.Resource
	for vpc := range p.byVPC {
		r, err := describeVPC(ctx, cfg, req, vpc)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	for _, id := range p.unknown {
		found = append(found, newResource("AWS::EC2::FlowLog", "vpc-flow-log", id, req.Account, req, nil))
	}
	slices.SortFunc(found, func(a, b action.Resource) int { return strings.Compare(a.ARN, b.ARN) })
	return found, nil
}

// flowRecord is CloudTrail's record of a call on flow logs. Lists are written as XML turned to JSON: one alone stands for the list.
type flowRecord struct {
	Name    string    `json:"eventName"`
	Time    time.Time `json:"eventTime"`
	Error   string    `json:"errorCode"`
	Request struct {
		Delete struct {
			IDs oneOrMore `json:"FlowLogId"`
		} `json:"DeleteFlowLogsRequest"`
		Create struct {
			Resources   oneOrMore                   `json:"ResourceId"`
			Kind        string                      `json:"ResourceType"`
			Traffic     ec2types.TrafficType        `json:"TrafficType"`
			Type        ec2types.LogDestinationType `json:"LogDestinationType"`
			Destination string                      `json:"LogDestination"`
			Group       string                      `json:"LogGroupName"`
			Role        string                      `json:"DeliverLogsPermissionArn"`
			Format      string                      `json:"LogFormat"`
			Interval    int32                       `json:"MaxAggregationInterval"`
			Files       struct {
				Format ec2types.DestinationFileFormat `json:"FileFormat"`
				Hive   bool                           `json:"HiveCompatiblePartitions"`
				Hourly bool                           `json:"PerHourPartition"`
			} `json:"DestinationOptions"`
		} `json:"CreateFlowLogsRequest"`
	} `json:"requestParameters"`
	Response struct {
		Create struct {
			IDs oneOrMore `json:"flowLogIdSet"`
		} `json:"CreateFlowLogsResponse"`
	} `json:"responseElements"`
}

// oneOrMore are texts: one or a list, each alone, or in an object as what XML turned to JSON has.
type oneOrMore []string

// UnmarshalJSON reads them.
func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text != "" { // an empty element
			*o = append(*o, text)
		}
		return nil
	}
	var list []oneOrMore
	if json.Unmarshal(raw, &list) != nil {
		var in struct{ Content, Item, Items oneOrMore }
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		list = []oneOrMore{in.Content, in.Item, in.Items}
	}
	for _, more := range list {
		*o = append(*o, more...)
	}
	return nil
}

// made is the flow log that the record's call created for each VPC.
func (r *flowRecord) made() flowLog {
	c := r.Request.Create
	l := flowLog{Traffic: c.Traffic, Type: c.Type, Destination: c.Destination, Role: c.Role, Format: c.Format, Interval: c.Interval, Files: logFiles(c.Files)}
	if l.Type == "" {
		l.Type = ec2types.LogDestinationTypeCloudWatchLogs
	}
	if _, group, ok := strings.Cut(l.Destination, ":log-group:"); ok {
		l.Destination = strings.TrimSuffix(group, ":*")
	}
	if c.Group != "" {
		l.Destination = c.Group
	}
	return l.plain()
}

// asCreated looks for the events that created the flow logs that the event deleted.
func asCreated(ctx context.Context, cfg aws.Config, req action.Request, p deletedParams) (deletedParams, error) {
	var event flowRecord
	if err := json.Unmarshal(p.Event, &event); err != nil || event.Name != "DeleteFlowLogs" || len(event.Request.Delete.IDs) == 0 {
		return p, fault.New(fault.Invalid, "the event is not the CloudTrail record of a DeleteFlowLogs that names flow logs").
			WithHint(awscall.EventHint)
	}
	p.byVPC, p.unknown = map[string][]flowLog{}, slices.Clone(event.Request.Delete.IDs)
	for _, id := range p.unknown {
		if err := checkID("event's flow log", id, "fl"); err != nil {
			return p, err
		}
	}
	until := event.Time
	if until.IsZero() || event.Error != "" {
		return p, nil
	}
	err := awscall.History(ctx, cfg, types.LookupAttributeKeyEventName, "CreateFlowLogs", until, func(raw json.RawMessage) bool {
		var r flowRecord
		ids, resources := &r.Response.Create.IDs, &r.Request.Create.Resources
		if json.Unmarshal(raw, &r) != nil || r.Error != "" || r.Request.Create.Kind != "VPC" || len(*ids) != len(*resources) {
			return true // where some were refused, nobody can tell which are the others
		}
		for i, id := range *ids {
			if at := slices.Index(p.unknown, id); at >= 0 {
				p.unknown = slices.Delete(p.unknown, at, at+1)
				vpc := (*resources)[i]
				p.byVPC[vpc] = append(p.byVPC[vpc], r.made())
			}
		}
		return len(p.unknown) > 0
	})
	return p, err
}
