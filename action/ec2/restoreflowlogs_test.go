package ec2_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

// unlog deletes all flow logs by one call, and returns the parameters for its record.
func (p plant) unlog() string {
	p.T.Helper()
	logs, err := p.client.DescribeFlowLogs(p.T.Context(), nil)
	p.Must(err)
	var ids []string
	for _, l := range logs.FlowLogs {
		ids = append(ids, *l.FlowLogId)
	}
	_, err = p.client.DeleteFlowLogs(p.T.Context(), &sdk.DeleteFlowLogsInput{FlowLogIds: ids})
	p.Must(err)
	return p.EventParams(region, "DeleteFlowLogs")
}

// logToGroup logs a VPC into a log group, with a format and an interval that AWS would not choose.
func (p plant) logToGroup(vpc string) {
	p.T.Helper()
	_, err := p.client.CreateFlowLogs(p.T.Context(), &sdk.CreateFlowLogsInput{
		ResourceIds: []string{vpc}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeReject, LogGroupName: aws.String("/vpc/rejected"),
		DeliverLogsPermissionArn: aws.String(logRole), LogFormat: aws.String("${srcaddr} ${dstaddr}"), MaxAggregationInterval: aws.Int32(60),
	})
	p.Must(err)
}

func TestRestoreFlowLogs(t *testing.T) {
	for _, tt := range []struct {
		name      string
		log       func(p plant)
		elsewhere []string
	}{
		{"into a log group", func(p plant) { p.logToGroup(p.vpc) }, []string{"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}},
		{"into a bucket", func(p plant) { p.log("ALL", logBucket) }, []string{"iam:PassRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				p := newPlant(t)
				other, err := p.client.CreateVpc(t.Context(), &sdk.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
				p.Must(err)
				p.logToGroup(*other.Vpc.VpcId)
				missing := p.unlog()
				_, err = p.client.DeleteVpc(t.Context(), &sdk.DeleteVpcInput{VpcId: other.Vpc.VpcId})
				p.Must(err)
				tt.log(p)
				params := p.unlog()
				w := p.World(ec2.NewRestoreFlowLogs, params, missing, p.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { p.log("ACCEPT", logBucket) }
				return w
			})
		})
	}
}

func TestFlowLogsAreRestoredAsTheyWere(t *testing.T) {
	p := newPlant(t)
	p.logToGroup(p.vpc)
	p.log("ALL", logBucket)
	params := p.unlog()
	a := p.Action(ec2.NewRestoreFlowLogs)
	p.Do(a, p.Item(a, actiontest.Request(params)))
	out, err := p.client.DescribeFlowLogs(t.Context(), nil)
	p.Must(err)
	if len(out.FlowLogs) != 2 {
		t.Fatalf("there are %d flow logs, want 2", len(out.FlowLogs))
	}
	for _, l := range out.FlowLogs {
		if *l.MaxAggregationInterval == 60 != (aws.ToString(l.LogGroupName) == "/vpc/rejected" && *l.LogFormat == "${srcaddr} ${dstaddr}" &&
			*l.DeliverLogsPermissionArn == logRole && l.TrafficType == types.TrafficTypeReject) {
			t.Errorf("it was restored otherwise: %+v", l)
		}
	}
}

// The files of a bucket are written as before: who reads Parquet can't read text.
func TestTheFilesOfFlowLogsAreRestored(t *testing.T) {
	p := newPlant(t)
	files := &types.DestinationOptionsRequest{FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(true)}
	_, err := p.client.CreateFlowLogs(t.Context(), &sdk.CreateFlowLogsInput{
		ResourceIds: []string{p.vpc}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3, LogDestination: aws.String(logBucket), DestinationOptions: files,
	})
	p.Must(err)
	params := p.unlog()
	a := p.Action(ec2.NewRestoreFlowLogs)
	p.Do(a, p.Item(a, actiontest.Request(params)))
	out, err := p.client.DescribeFlowLogs(t.Context(), nil)
	p.Must(err)
	if o := out.FlowLogs[0].DestinationOptions; len(out.FlowLogs) != 1 || o.FileFormat != files.FileFormat || !*o.HiveCompatiblePartitions || !*o.PerHourPartition {
		t.Errorf("it was restored as %+v", out.FlowLogs)
	}
}

func TestFlowLogsThatAreNotRestored(t *testing.T) {
	for _, tt := range []struct {
		name   string
		params func(p plant) string
		status action.Status
		says   string
	}{
		{"nothing tells of it", func(p plant) string {
			p.log("ALL", logBucket)
			p.unlog()
			return `{"event":{"eventName":"DeleteFlowLogs","eventTime":"2030-01-01T00:00:00Z","requestParameters":{"DeleteFlowLogsRequest":{"FlowLogId":[{"tag":1,"content":"fl-` + nobody + `"}]}}}}`
		}, action.Escalated, "history doesn't tell"},
		{"somebody did it", func(p plant) string {
			p.log("ALL", logBucket)
			params := p.unlog()
			p.log("ALL", logBucket)
			return params
		}, action.Unneeded, "as before already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlant(t)
			actiontest.Want(t, p.Plan(ec2.NewRestoreFlowLogs, tt.params(p)), tt.status, tt.says)
		})
	}
}

func TestRecordsOfFlowLogsAreRead(t *testing.T) {
	for raw, want := range map[string]int{`"fl-1"`: 1, `""`: 0, `{"tag":1,"content":"fl-1"}`: 1, `[{"tag":1,"content":"fl-1"},{"tag":2,"content":"fl-2"}]`: 2,
		`{"item":"fl-1"}`: 1, `{"item":["fl-1","fl-2"]}`: 2, `{"items":["fl-1"]}`: 1, `{}`: 0} {
		var got ec2.OneOrMore
		if err := json.Unmarshal([]byte(raw), &got); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v, want %d", raw, got, err, want)
		}
	}
}

func TestFlowLogEventsThatAreRefused(t *testing.T) {
	p := newPlant(t)
	a := p.Action(ec2.NewRestoreFlowLogs)
	for _, event := range []string{`{}`, `{"eventName":"DeleteFlowLogs","requestParameters":{}}`, `{"eventName":"CreateFlowLogs","requestParameters":{}}`,
		`{"eventName":"DeleteFlowLogs","requestParameters":{"DeleteFlowLogsRequest":{"FlowLogId":{"content":"vpc-` + nobody + `"}}}}`} {
		if _, err := a.Plan(t.Context(), p.request(`{"event":%s}`, event)); fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "{") {
			t.Errorf("%s: %v, want it refused with a hint", event, err)
		}
	}
}
