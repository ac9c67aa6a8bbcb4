package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"riposte.dev/sandbox"
)

const trustCloudTrail = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}}`

func TestTrailWritesToItsLogGroup(t *testing.T) {
	w, ctx := newTrailWorld(t, sandbox.Options{}), t.Context()
	client := w.logs(w.root)
	makeGroup(t, client, "trail")
	stream := "111122223333_CloudTrail_us-east-1"
	role, err := w.account.CreateRole("trail", trustCloudTrail, allow("logs:*", "arn:aws:logs:us-east-1:111122223333:log-group:trail:log-stream:"+stream+"*"))
	if err != nil {
		t.Fatal(err)
	}
	weak, err := w.account.CreateRole("weak", trustCloudTrail)
	if err != nil {
		t.Fatal(err)
	}
	trails := cloudtrail.NewFromConfig(w.config(w.root, "us-east-1"))
	group := aws.String("arn:aws:logs:us-east-1:111122223333:log-group:trail:*")
	create := func(name string, role *string) {
		t.Helper()
		_, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
			Name: &name, S3BucketName: aws.String(trailBucket), IsMultiRegionTrail: aws.Bool(true), CloudWatchLogsLogGroupArn: group, CloudWatchLogsRoleArn: role,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
	create("weak", &weak)
	if streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("trail")}); err != nil || len(streams.LogStreams) > 0 {
		t.Errorf("with a role that may not write there are the streams %+v, %v", streams, err)
	}
	create("main", &role)
	if _, err := cloudwatchlogs.NewFromConfig(w.config(w.root, "eu-west-1")).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("made-in-europe")}); err != nil {
		t.Fatal(err)
	}
	got := filterLogs(t, client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("trail"), LogStreamNames: []string{stream}, FilterPattern: aws.String(`"\"eventName\":\"CreateLogGroup\""`),
	})
	if strings.Count(got, "made-in-europe") != 1 || !strings.Contains(got, `"awsRegion":"eu-west-1"`) {
		t.Errorf("the group has %s", got)
	}
}
