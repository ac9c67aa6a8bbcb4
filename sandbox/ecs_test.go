package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/sandbox"
)

func registerJob(t *testing.T, client *ecs.Client, role *string) {
	t.Helper()
	_, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("job"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"), TaskRoleArn: role,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("main"), Image: aws.String("busybox")}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runJob() *ecs.RunTaskInput {
	return &ecs.RunTaskInput{
		Cluster: aws.String("c"), TaskDefinition: aws.String("job"), LaunchType: types.LaunchTypeFargate, StartedBy: aws.String("me"),
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
			Name: aws.String("main"), Environment: []types.KeyValuePair{{Name: aws.String("K"), Value: aws.String("V")}},
		}}},
	}
}

func TestTasks(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ecs.NewFromConfig(w.config(w.root, "us-east-1"))
	_, err := client.RunTask(ctx, runJob())
	wantCode(t, err, "ClusterNotFoundException")
	if _, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.RunTask(ctx, runJob())
	wantCode(t, err, "ClientException")
	registerJob(t, client, nil)
	registerJob(t, client, nil)
	for name, change := range map[string]func(*ecs.RunTaskInput){
		"no instances":  func(in *ecs.RunTaskInput) { in.LaunchType = types.LaunchTypeEc2 },
		"no network":    func(in *ecs.RunTaskInput) { in.NetworkConfiguration = nil },
		"too many":      func(in *ecs.RunTaskInput) { in.Count = aws.Int32(11) },
		"no such thing": func(in *ecs.RunTaskInput) { in.Overrides.ContainerOverrides[0].Name = aws.String("x") },
	} {
		t.Run(name, func(t *testing.T) {
			in := runJob()
			change(in)
			_, err := client.RunTask(ctx, in)
			wantCode(t, err, "InvalidParameterException")
		})
	}
	ran, err := client.RunTask(ctx, runJob())
	if err != nil || len(ran.Tasks) != 1 || *ran.Tasks[0].TaskDefinitionArn != "arn:aws:ecs:us-east-1:111122223333:task-definition/job:2" {
		t.Fatalf("%+v, %v", ran, err)
	}
	listed, err := client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("c"), StartedBy: aws.String("me")})
	if err != nil || len(listed.TaskArns) != 1 {
		t.Fatalf("%+v, %v", listed, err)
	}
	got, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String("c"), Tasks: []string{listed.TaskArns[0], "missing"}})
	if err != nil || len(got.Tasks) != 1 || len(got.Failures) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if o := got.Tasks[0].Overrides.ContainerOverrides[0]; *got.Tasks[0].LastStatus != "RUNNING" || *o.Environment[0].Value != "V" {
		t.Errorf("the task is %+v", got.Tasks[0])
	}
	defined, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("job:1")})
	if err != nil || defined.TaskDefinition.Revision != 1 || *defined.TaskDefinition.ContainerDefinitions[0].Image != "busybox" {
		t.Errorf("%+v, %v", defined, err)
	}
	_, err = client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("job:3")})
	wantCode(t, err, "ClientException")
	clusters, err := client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{"c", "d"}})
	if err != nil || len(clusters.Clusters) != 1 || clusters.Clusters[0].RunningTasksCount != 1 || *clusters.Failures[0].Reason != "MISSING" {
		t.Errorf("%+v, %v", clusters, err)
	}
}

func TestRunTaskPassesRoles(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ecs.NewFromConfig(w.config(w.root, "us-east-1"))
	if _, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	role := "arn:aws:iam::111122223333:role/job"
	registerJob(t, client, &role)
	run := allow("ecs:RunTask", "arn:aws:ecs:us-east-1:111122223333:task-definition/job:*")
	_, err := ecs.NewFromConfig(w.config(w.user("weak", run), "us-east-1")).RunTask(ctx, runJob())
	wantCode(t, err, "AccessDeniedException")
	if _, err := ecs.NewFromConfig(w.config(w.user("able", run, allow("iam:PassRole", role)), "us-east-1")).RunTask(ctx, runJob()); err != nil {
		t.Error(err)
	}
}
