package sandbox_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"

	"riposte.dev/sandbox"
)

// TestAlarmsCLI disables the actions of an alarm with Debian's aws.
func TestAlarmsCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.cli("eu-west-1", "cloudwatch", "put-metric-alarm", "--alarm-name", "root-use", "--metric-name", "RootUse", "--namespace", "CIS", "--statistic", "Sum",
		"--period", "60", "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanOrEqualToThreshold")
	w.cli("eu-west-1", "cloudwatch", "disable-alarm-actions", "--alarm-names", "root-use")
	if got := w.cli("eu-west-1", "cloudwatch", "describe-alarms", "--query", "MetricAlarms[].[AlarmName,ActionsEnabled]", "--output", "text"); got != "root-use\tFalse" {
		t.Errorf("the alarms are %s", got)
	}
	detail := w.delivered(2)[1]["detail"].(map[string]any)
	raw, err := json.Marshal(detail["requestParameters"])
	if err != nil || detail["eventSource"] != "monitoring.amazonaws.com" || detail["eventName"] != "DisableAlarmActions" || string(raw) != `{"alarmNames":["root-use"]}` {
		t.Errorf("the record is %v, %v", detail, err)
	}
}

func TestAlarms(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := cloudwatch.NewFromConfig(w.config(w.root, "eu-west-1"))
	for _, name := range []string{"a", "b"} {
		_, err := client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: aws.String("FALSE")})
		must(t, err)
	}
	if out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{}); err != nil || len(out.CompositeAlarms) != 0 {
		t.Errorf("unasked, composite alarms are shown: %+v, %v", out, err)
	}
	page, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeCompositeAlarm}, MaxRecords: aws.Int32(1)})
	if err != nil || len(page.CompositeAlarms) != 1 || page.NextToken == nil {
		t.Errorf("the first page is %+v, %v", page, err)
	}
	_, err = client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a", "none"}})
	wantCode(t, err, "ResourceNotFound")
	_, err = client.EnableAlarmActions(ctx, &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"none"}})
	must(t, err)
	_, err = client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:none")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestInspectorCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if got := w.cli("eu-west-1", "inspector2", "enable", "--resource-types", "EC2", "--query", "accounts[].resourceStatus.[ec2,ecr]", "--output", "text"); got != "ENABLED\tDISABLED" {
		t.Errorf("the answer is %s", got)
	}
	client := inspector2.NewFromConfig(w.config(w.root, "eu-west-1"))
	_, err := client.Disable(t.Context(), &inspector2.DisableInput{})
	must(t, err)
	out, err := client.BatchGetAccountStatus(t.Context(), &inspector2.BatchGetAccountStatusInput{AccountIds: []string{testAccount, "444455556666"}})
	if err != nil || len(out.Accounts) != 1 || out.Accounts[0].State.Status != types.StatusDisabled || len(out.FailedAccounts) != 1 {
		t.Errorf("after it was disabled: %+v, %v", out, err)
	}
}
