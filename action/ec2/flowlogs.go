package ec2

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// flowLogs are those of a VPC.
type flowLogs struct {
	Logs []flowLog `json:"flow_logs"` // sorted

	ids map[flowLog]string
}

type flowLog struct {
	Traffic     types.TrafficType        `json:"traffic"`
	Type        types.LogDestinationType `json:"type"`
	Destination string                   `json:"destination"` // name of a log group, or an ARN
	Role        string                   `json:"role,omitempty"`
	Format      string                   `json:"format,omitempty"`           // of its lines; "" for AWS's own
	Interval    int32                    `json:"interval_seconds,omitempty"` // over which packets are summed up; 0 for AWS's own
	Files       logFiles                 `json:"files,omitzero"`
}

// logFiles is how the files in a bucket are written; the zero value is AWS's own.
type logFiles struct {
	Format types.DestinationFileFormat `json:"format,omitempty"`
	Hive   bool                        `json:"hive_compatible_partitions,omitempty"`
	Hourly bool                        `json:"per_hour_partition,omitempty"`
}

func (f logFiles) compare(o logFiles) int {
	return cmp.Or(cmp.Compare(f.Format, o.Format), cmp.Compare(fmt.Sprint(f.Hive, f.Hourly), fmt.Sprint(o.Hive, o.Hourly)))
}

// input is what CreateFlowLogs is told of them.
func (f logFiles) input() map[string]any {
	return map[string]any{
		"FileFormat": cmp.Or(f.Format, types.DestinationFileFormatPlainText), "HiveCompatiblePartitions": f.Hive, "PerHourPartition": f.Hourly,
	}
}

// What AWS uses where a flow log is created without
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html).
const (
	defaultFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} " +
		"${start} ${end} ${action} ${log-status}"
	defaultInterval = 600
)

// plain leaves out what AWS would use anyway.
func (l flowLog) plain() flowLog {
	if l.Format == defaultFormat {
		l.Format = ""
	}
	if l.Interval == defaultInterval {
		l.Interval = 0
	}
	if l.Files.Format == types.DestinationFileFormatPlainText {
		l.Files.Format = ""
	}
	return l
}

func (l flowLog) compare(o flowLog) int {
	return cmp.Or(cmp.Compare(l.Type, o.Type), cmp.Compare(l.Destination, o.Destination), cmp.Compare(l.Traffic, o.Traffic), cmp.Compare(l.Role, o.Role),
		cmp.Compare(l.Format, o.Format), cmp.Compare(l.Interval, o.Interval), l.Files.compare(o.Files))
}

// flowParams say of which VPC what is logged where.
type flowParams struct {
	VPC         string            `json:"vpc_id"`
	Destination string            `json:"destination"`
	Role        string            `json:"role,omitempty"`
	Traffic     types.TrafficType `json:"traffic,omitempty"`
}

// log is the flow log that the parameters ask for.
func (p flowParams) log() (flowLog, error) {
	l := flowLog{Traffic: cmp.Or(p.Traffic, types.TrafficTypeAll), Destination: p.Destination, Role: p.Role}
	_, group, isGroup := strings.Cut(p.Destination, ":log-group:")
	switch {
	case isGroup && p.Role == "":
		return l, fault.New(fault.Invalid, "no role is named that may write into the log group").WithHint(`give "role": "arn:aws:iam::111122223333:role/flow-logs"`)
	case isGroup:
		l.Type, l.Destination = types.LogDestinationTypeCloudWatchLogs, strings.TrimSuffix(group, ":*")
	case strings.HasPrefix(p.Destination, "arn:") && strings.Contains(p.Destination, ":s3:::") && p.Role == "":
		l.Type = types.LogDestinationTypeS3
	default:
		return l, fault.New(fault.Invalid, "destination %.200q is neither the ARN of a log group nor, without a role, that of a bucket", p.Destination).
			WithHint(`give "destination": "arn:aws:s3:::my-flow-logs"`)
	}
	if !slices.Contains(l.Traffic.Values(), l.Traffic) {
		return l, fault.New(fault.Invalid, "traffic %.20q is none of ACCEPT, REJECT and ALL", l.Traffic).WithHint("leave it out for all")
	}
	return l, nil
}

// NewEnableFlowLogs returns the action ec2.enable-flow-logs.
func NewEnableFlowLogs(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[flowParams, flowLogs]{
		Spec: action.Spec{
			Name:  "ec2.enable-flow-logs",
			Title: "Log the traffic of a VPC",
			Description: "Has a VPC log who talks to whom into a log group or a bucket, unless it logs that already, wherever to. The policy of the bucket, " +
				"or the role, must let the logs in. The undo deletes the flow log; what it wrote stays.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["vpc_id", "destination"], "properties": {
  "vpc_id": {"type": "string", "pattern": "^vpc-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the VPC"},
  "destination": {"type": "string", "pattern": "^arn:", "description": "ARN of the log group or bucket"},
  "role": {"type": "string", "description": "ARN of the role that writes into the log group"},
  "traffic": {"enum": ["ACCEPT", "REJECT", "ALL"], "description": "what is logged; ALL without this"}}}`),
			Permissions: []string{
				"ec2:DescribeVpcs", "ec2:DescribeFlowLogs", "ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "iam:PassRole",
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery",
			},
			Within: map[string]action.Limit{"iam:PassRole": action.PassedTo("vpc-flow-logs.amazonaws.com")},
			Effect: action.StateChecked,
		},
		Find: findVPC, Leave: leaveShared, Read: readFlowLogs,
		Want: func(_ action.Resource, p flowParams, now flowLogs) (flowLogs, string, error) {
			wanted, err := p.log()
			if err != nil {
				return now, "", err
			}
			for _, l := range now.Logs {
				if l.Traffic == wanted.Traffic || l.Traffic == types.TrafficTypeAll {
					return now, "It logs its traffic into " + l.Destination + " already.", nil
				}
			}
			want := flowLogs{Logs: append(slices.Clone(now.Logs), wanted)}
			slices.SortFunc(want.Logs, flowLog.compare)
			return want, "Nothing tells who talked to whom in it.", nil
		},
		Steps:      flowSteps,
		Operations: map[string]setting.Operation{"CreateFlowLogs": createFlowLogs, "DeleteFlowLogs": deleteFlowLogs},
	})
}

// flowSteps create and delete, one flow log a call; there is one more or one less.
func flowSteps(r action.Resource, from, to flowLogs) ([]setting.Step[flowLogs], error) {
	var steps []setting.Step[flowLogs]
	for _, l := range to.Logs {
		if slices.Contains(from.Logs, l) {
			continue
		}
		input := map[string]any{"ResourceIds": []string{r.Name}, "ResourceType": "VPC", "TrafficType": l.Traffic, "LogDestinationType": l.Type}
		if l.Type == types.LogDestinationTypeCloudWatchLogs {
			input["LogGroupName"], input["DeliverLogsPermissionArn"] = l.Destination, l.Role
		} else {
			input["LogDestination"] = l.Destination
		}
		if l.Format != "" {
			input["LogFormat"] = l.Format
		}
		if l.Files != (logFiles{}) {
			input["DestinationOptions"] = l.Files.input()
		}
		if l.Interval != 0 {
			input["MaxAggregationInterval"] = l.Interval
		}
		steps = append(steps, setting.Step[flowLogs]{Operation: "CreateFlowLogs", Input: input, Leaves: to})
	}
	for _, l := range from.Logs {
		if !slices.Contains(to.Logs, l) {
			steps = append(steps, setting.Step[flowLogs]{Operation: "DeleteFlowLogs", Input: map[string]any{"FlowLogIds": []string{from.ids[l]}}, Leaves: to})
		}
	}
	return steps, nil
}

func createFlowLogs(ctx context.Context, cfg aws.Config, call action.Call) error {
	out, err := awscall.Answer(ctx, call, ec2.NewFromConfig(cfg).CreateFlowLogs)
	if err != nil {
		return err
	}
	return refusedItems(out.Unsuccessful)
}

func deleteFlowLogs(ctx context.Context, cfg aws.Config, call action.Call) error {
	out, err := awscall.Answer(ctx, call, ec2.NewFromConfig(cfg).DeleteFlowLogs)
	if err != nil {
		return err
	}
	return refusedItems(out.Unsuccessful)
}

// refusedItems is the error of a call that EC2 answers with success although it did nothing.
func refusedItems(items []types.UnsuccessfulItem) error {
	for _, item := range items {
		if e := item.Error; e != nil {
			return fault.New(fault.Invalid, "%s: %s: %s", aws.ToString(item.ResourceId), aws.ToString(e.Code), aws.ToString(e.Message)).
				WithHint("see that the destination is there and takes the logs")
		}
	}
	return nil
}

func findVPC(ctx context.Context, cfg aws.Config, req action.Request, p flowParams) ([]action.Resource, error) {
	if err := checkID("vpc_id", p.VPC, "vpc"); err != nil {
		return nil, err
	}
	if _, err := p.log(); err != nil {
		return nil, err
	}
	r, err := describeVPC(ctx, cfg, req, p.VPC)
	return []action.Resource{r}, err
}

func describeVPC(ctx context.Context, cfg aws.Config, req action.Request, id string) (action.Resource, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if err != nil || len(out.Vpcs) == 0 {
		return action.Resource{}, missing(err, "ec2:DescribeVpcs", "VPC", id)
	}
	owner := cmp.Or(aws.ToString(out.Vpcs[0].OwnerId), req.Account)
	return newResource("AWS::EC2::VPC", "vpc", id, owner, req, out.Vpcs[0].Tags), nil
}

func readFlowLogs(ctx context.Context, cfg aws.Config, r action.Resource) (flowLogs, error) {
	now := flowLogs{Logs: []flowLog{}, ids: map[flowLog]string{}}
	pages := ec2.NewDescribeFlowLogsPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeFlowLogsInput{
		Filter: []types.Filter{{Name: aws.String("resource-id"), Values: []string{r.Name}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "ec2:DescribeFlowLogs", "read the flow logs of %s", r.Name)
		}
		for _, f := range page.FlowLogs {
			l := flowLog{
				Traffic: f.TrafficType, Type: f.LogDestinationType, Destination: aws.ToString(f.LogDestination), Role: aws.ToString(f.DeliverLogsPermissionArn),
				Format: aws.ToString(f.LogFormat), Interval: aws.ToInt32(f.MaxAggregationInterval),
			}
			if o := f.DestinationOptions; o != nil {
				l.Files = logFiles{o.FileFormat, aws.ToBool(o.HiveCompatiblePartitions), aws.ToBool(o.PerHourPartition)}
			}
			l = l.plain()
			if f.LogGroupName != nil {
				l.Destination = *f.LogGroupName
			}
			now.Logs, now.ids[l] = append(now.Logs, l), aws.ToString(f.FlowLogId)
		}
	}
	slices.SortFunc(now.Logs, flowLog.compare)
	return now, nil
}
