package aws_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"riposte.dev/sandbox"
)

func makeFunction(t *testing.T, w *world) {
	role, err := w.own.CreateRole("enrich", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lambda.NewFromConfig(w.root).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("enrich"), Role: &role, Runtime: "nodejs18.x", Handler: aws.String("index.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
	}); err != nil {
		t.Fatal(err)
	}
}

func commands(t *testing.T, w *world) []string {
	out, err := ssm.NewFromConfig(w.root).ListCommands(t.Context(), &ssm.ListCommandsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range out.Commands {
		got = append(got, *c.DocumentName+" "+c.Parameters["commands"][0]+" "+*c.Targets[0].Key)
	}
	return got
}

func makeTask(t *testing.T, w *world) {
	client := ecs.NewFromConfig(w.root)
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("isolate"), NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions:    []ecstypes.ContainerDefinition{{Name: aws.String("main"), Image: aws.String("busybox")}},
	}); err != nil {
		t.Fatal(err)
	}
}

func tasks(t *testing.T, w *world) []string {
	client := ecs.NewFromConfig(w.root)
	list, err := client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("c")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("c"), Tasks: list.TaskArns})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range out.Tasks {
		got = append(got, *task.Overrides.ContainerOverrides[0].Environment[0].Value)
	}
	return got
}

func makeStateMachine(t *testing.T, w *world) {
	role, err := w.own.CreateRole("isolate", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sfn.NewFromConfig(w.root).CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("isolate"), RoleArn: &role, Definition: aws.String(`{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}`),
	}); err != nil {
		t.Fatal(err)
	}
}

func executions(t *testing.T, w *world) []string {
	out, err := sfn.NewFromConfig(w.root).ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arnOf("states", "stateMachine:isolate"))})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range out.Executions {
		got = append(got, *e.Name)
	}
	return got
}

func records(t *testing.T, w *world) []string {
	client := kinesis.NewFromConfig(w.root)
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("s"), ShardId: shards.Shards[0].ShardId, ShardIteratorType: "TRIM_HORIZON",
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.Records {
		got = append(got, string(r.Data)+" "+*r.PartitionKey)
	}
	return got
}

func makeDeliveryStream(t *testing.T, w *world) {
	if _, err := s3.NewFromConfig(w.root, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("lake"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}); err != nil {
		t.Fatal(err)
	}
	role, err := w.own.CreateRole("firehose", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := firehose.NewFromConfig(w.root).CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("f"), HttpEndpointDestinationConfiguration: &firehosetypes.HttpEndpointDestinationConfiguration{
			EndpointConfiguration: &firehosetypes.HttpEndpointConfiguration{Url: &w.endpoint.URL},
			RoleARN:               &role, S3Configuration: &firehosetypes.S3DestinationConfiguration{BucketARN: aws.String("arn:aws:s3:::lake"), RoleARN: &role},
		},
	}); err != nil {
		t.Fatal(err)
	}
}

// files are the records that Firehose delivered.
func files(t *testing.T, w *world) []string {
	if err := w.FlushFirehose(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	for range 2 {
		select {
		case data := <-w.delivered:
			got = append(got, data)
		case <-ctx.Done():
			t.Fatal("Firehose delivers nothing")
		}
	}
	return got
}

func logged(t *testing.T, w *world) []string {
	out, err := cloudwatchlogs.NewFromConfig(w.root).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/events/x")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range out.Events {
		got = append(got, *e.LogStreamName+" "+*e.Message)
	}
	return got
}

func entries(t *testing.T, w *world) []string {
	var got []string
	for _, c := range w.Calls(sandbox.Match{Service: "events", Operation: "PutEvents"}) {
		var in struct {
			Entries []struct {
				Source, DetailType, Detail string
				Resources                  []string
			}
		}
		if err := json.Unmarshal(c.Params, &in); err != nil {
			t.Fatal(err)
		}
		e := in.Entries[0]
		got = append(got, strings.Join(append([]string{e.Source, e.DetailType, e.Detail}, e.Resources...), " "))
	}
	return got
}
