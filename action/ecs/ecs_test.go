package ecs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ecs"
)

// cloud is a sandbox with a cluster that has a service and a task.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	task   string
}

const cluster = "shop"

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}}
	_, err := c.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{ClusterName: aws.String(cluster), Tags: tags})
	c.Must(err)
	_, err = c.client.RegisterTaskDefinition(t.Context(), &sdk.RegisterTaskDefinitionInput{
		Family: aws.String("checkout"), NetworkMode: types.NetworkModeAwsvpc, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu: aws.String("256"), Memory: aws.String("512"), ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("web:1")}},
	})
	c.Must(err)
	c.service("checkout", func(in *sdk.CreateServiceInput) { in.Tags = tags })
	c.task = c.run("family:checkout", tags)
	return c
}

func public(ip types.AssignPublicIp, subnets ...string) *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: subnets, SecurityGroups: []string{"sg-2", "sg-1"}, AssignPublicIp: ip,
	}}
}

func (c cloud) service(name string, change func(*sdk.CreateServiceInput)) {
	c.T.Helper()
	in := &sdk.CreateServiceInput{
		Cluster: aws.String(cluster), ServiceName: &name, TaskDefinition: aws.String("checkout"), DesiredCount: aws.Int32(2),
		LaunchType: types.LaunchTypeFargate, NetworkConfiguration: public(types.AssignPublicIpEnabled, "subnet-2", "subnet-1"),
	}
	change(in)
	_, err := c.client.CreateService(c.T.Context(), in)
	c.Must(err)
}

func (c cloud) run(group string, tags []types.Tag) string {
	c.T.Helper()
	out, err := c.client.RunTask(c.T.Context(), &sdk.RunTaskInput{
		Cluster: aws.String(cluster), TaskDefinition: aws.String("checkout"), LaunchType: types.LaunchTypeFargate, Group: &group, Tags: tags,
		NetworkConfiguration: public(types.AssignPublicIpEnabled, "subnet-1"),
	})
	c.Must(err)
	return *out.Tasks[0].TaskArn
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	clusters, err := c.client.DescribeClusters(c.T.Context(), &sdk.DescribeClustersInput{Clusters: []string{cluster}, Include: []types.ClusterField{types.ClusterFieldSettings}})
	c.Must(err)
	services, err := c.client.DescribeServices(c.T.Context(), &sdk.DescribeServicesInput{Cluster: aws.String(cluster), Services: []string{"checkout"}})
	c.Must(err)
	tasks, err := c.client.DescribeTasks(c.T.Context(), &sdk.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{c.task}})
	c.Must(err)
	v := services.Services[0].NetworkConfiguration.AwsvpcConfiguration
	return fmt.Sprint(*clusters.Clusters[0].Settings[0].Value, v.AssignPublicIp, len(v.Subnets), len(v.SecurityGroups), *tasks.Tasks[0].LastStatus)
}

func (c cloud) update(in sdk.UpdateServiceInput) {
	c.T.Helper()
	in.Cluster, in.Service = aws.String(cluster), aws.String("checkout")
	_, err := c.client.UpdateService(c.T.Context(), &in)
	c.Must(err)
}

func (c cloud) insights(value string) {
	c.T.Helper()
	_, err := c.client.UpdateClusterSettings(c.T.Context(), &sdk.UpdateClusterSettingsInput{
		Cluster: aws.String(cluster), Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: &value}},
	})
	c.Must(err)
}

// params names the cloud's task where they say TASK.
func (c cloud) params(text string) string { return strings.ReplaceAll(text, "TASK", c.task) }

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params, missing string
		newAction             actiontest.NewAction
		interfere             func(cloud)
	}{
		{"container insights", `{"cluster":"shop"}`, `{"cluster":"none"}`, ecs.NewEnableContainerInsights,
			func(c cloud) { c.insights("enhanced") }},
		{"no public address", `{"cluster":"shop","service":"checkout"}`, `{"cluster":"shop","service":"none"}`, ecs.NewNoPublicAddress,
			func(c cloud) {
				c.update(sdk.UpdateServiceInput{NetworkConfiguration: public(types.AssignPublicIpDisabled, "subnet-3")})
			}},
		{"by ARNs, in a cluster that is not there",
			`{"cluster":"arn:aws:ecs:eu-west-1:111122223333:cluster/shop","service":"arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout"}`,
			`{"cluster":"none","service":"checkout"}`, ecs.NewNoPublicAddress, nil},
		{"stop a task", `{"cluster":"shop","task":"TASK"}`, `{"cluster":"shop","task":"1dc5c17a422b4dc4b493371970c6c4d6"}`, ecs.NewStopTask, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, c.params(tt.params), tt.missing, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	const other = `{"cluster":"shop","service":"other"}`
	service := func(change func(*sdk.CreateServiceInput)) func(*cloud) {
		return func(c *cloud) { c.service("other", change) }
	}
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(*cloud)
		status       action.Status
		says         string
	}{
		{"measured in detail", `{"cluster":"shop"}`, ecs.NewEnableContainerInsights, func(c *cloud) { c.insights("enhanced") }, action.Unneeded, "enhanced"},
		{"no public address", other, ecs.NewNoPublicAddress, service(func(in *sdk.CreateServiceInput) {
			in.NetworkConfiguration = public("", "subnet-1")
		}), action.Unneeded, "no public addresses"},
		{"CodeDeploy", other, ecs.NewNoPublicAddress, service(func(in *sdk.CreateServiceInput) {
			in.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy}
		}), action.Escalated, "CODE_DEPLOY"},
		{"all tasks may stop", other, ecs.NewNoPublicAddress, service(func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(0)}
		}), action.Escalated, "minimumHealthyPercent"},
		{"one task stays", other, ecs.NewNoPublicAddress, service(func(in *sdk.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(1)}
		}), action.Change, "addresses in the internet"},
		{"no task runs", other, ecs.NewNoPublicAddress, service(func(in *sdk.CreateServiceInput) {
			in.DesiredCount, in.DeploymentConfiguration = aws.Int32(0), &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(0)}
		}), action.Change, "addresses in the internet"},
		{"a task of a service", `{"cluster":"shop","task":"TASK"}`, ecs.NewStopTask, func(c *cloud) { c.task = c.run("service:checkout", nil) },
			action.Change, "The service checkout starts another"},
		{"a task that ended", `{"cluster":"shop","task":"TASK"}`, ecs.NewStopTask, func(c *cloud) {
			_, err := c.client.StopTask(c.T.Context(), &sdk.StopTaskInput{Cluster: aws.String(cluster), Task: &c.task})
			c.Must(err)
		}, action.Unneeded, "stopped already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(&c)
			item := c.Plan(tt.newAction, c.params(tt.params))
			actiontest.Want(t, item, tt.status, tt.says)
		})
	}
}

func TestTheTagsAreShown(t *testing.T) {
	c := newCloud(t)
	for params, newAction := range map[string]actiontest.NewAction{
		`{"cluster":"shop"}`: ecs.NewEnableContainerInsights, `{"cluster":"shop","service":"checkout"}`: ecs.NewNoPublicAddress,
		`{"cluster":"shop","task":"TASK"}`: ecs.NewStopTask,
	} {
		if r := c.Plan(newAction, c.params(params)).Resource; r.Tags["team"] != "payments" {
			t.Errorf("%+v, want its tags", r)
		}
	}
}
