package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/sandbox"
)

func TestECSServices(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, c := ecs.NewFromConfig(w.config(w.root, "eu-west-1")), aws.String("c")
	_, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: c})
	must(t, err)
	registerJob(t, client, nil)
	network := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}, AssignPublicIp: types.AssignPublicIpEnabled}}
	create := func(name, definition string, network *types.NetworkConfiguration, controller types.DeploymentControllerType) error {
		_, err := client.CreateService(ctx, &ecs.CreateServiceInput{
			Cluster: c, ServiceName: &name, TaskDefinition: &definition, NetworkConfiguration: network, DesiredCount: aws.Int32(1),
			DeploymentController: &types.DeploymentController{Type: controller},
		})
		return err
	}
	wantCode(t, create("web", "none", network, types.DeploymentControllerTypeEcs), "ClientException")
	wantCode(t, create("web", "job", nil, types.DeploymentControllerTypeEcs), "InvalidParameterException")
	must(t, create("web", "job", network, types.DeploymentControllerTypeEcs))
	wantCode(t, create("web", "job", network, types.DeploymentControllerTypeEcs), "InvalidParameterException")
	must(t, create("blue", "job", network, types.DeploymentControllerTypeCodeDeploy))
	update := func(name string, network *types.NetworkConfiguration) error {
		_, err := client.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: c, Service: &name, NetworkConfiguration: network, DesiredCount: aws.Int32(3)})
		return err
	}
	wantCode(t, update("none", network), "ServiceNotFoundException")
	wantCode(t, update("blue", network), "InvalidParameterException")
	must(t, update("web", nil))
	out, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: c, Services: []string{"web", "none"}})
	must(t, err)
	if len(out.Services) != 1 || out.Services[0].DesiredCount != 3 || len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("described are %+v and %+v", out.Services, out.Failures)
	}
}

// Debian's aws CLI stops a task and measures a cluster.
func TestECSByTheCLI(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, c := ecs.NewFromConfig(w.config(w.root, "eu-west-1")), aws.String("c")
	_, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: c})
	must(t, err)
	registerJob(t, client, nil)
	ran, err := client.RunTask(ctx, runJob())
	must(t, err)
	task := *ran.Tasks[0].TaskArn
	if got := w.cli("eu-west-1", "ecs", "stop-task", "--cluster", "c", "--task", task, "--reason", "x", "--query", "task.[desiredStatus,stoppedReason]", "--output", "text"); got != "STOPPED\tx" {
		t.Errorf("stopped, it is %q", got)
	}
	if got := w.cli("eu-west-1", "ecs", "update-cluster-settings", "--cluster", "c", "--settings", "name=containerInsights,value=enabled", "--query", "cluster.settings[0].value", "--output", "text"); got != "enabled" {
		t.Errorf("the cluster is measured: %q", got)
	}
	for status, want := range map[types.DesiredStatus]int{types.DesiredStatusRunning: 0, types.DesiredStatusStopped: 1} {
		if out, err := client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: c, DesiredStatus: status}); err != nil || len(out.TaskArns) != want {
			t.Errorf("%s are %v, %v; want %d", status, out.TaskArns, err, want)
		}
	}
	_, err = client.StopTask(ctx, &ecs.StopTaskInput{Cluster: c, Task: aws.String("none")})
	wantCode(t, err, "InvalidParameterException")
}
