package responses

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// newTask runs one in a cluster, and returns the ARNs of both.
func (e *engine) newTask() (cluster, task string, err error) {
	client, name := ecs.NewFromConfig(e.admin), e.name("shop")
	made, err := client.CreateCluster(e.ctx, &ecs.CreateClusterInput{ClusterName: &name})
	if err == nil {
		_, err = client.RegisterTaskDefinition(e.ctx, &ecs.RegisterTaskDefinitionInput{Family: &name, NetworkMode: ecstypes.NetworkModeAwsvpc,
			RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate}, Cpu: aws.String("256"), Memory: aws.String("512"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("web:1")}}})
	}
	if err != nil {
		return "", "", err
	}
	ran, err := client.RunTask(e.ctx, &ecs.RunTaskInput{Cluster: &name, TaskDefinition: &name, LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}}})
	if err != nil {
		return "", "", err
	}
	return *made.Cluster.ClusterArn, *ran.Tasks[0].TaskArn, nil
}

// watched are the stories of containers, log groups and the rotation of keys.
var watched = []story{
	{rule: "task-compromised", playbook: "stop-task", calls: []string{"ecs:StopTask"}, right: "STOPPED", stays: true, stage: func(e *engine) (scene, error) {
		cluster, task, err := e.newTask()
		return scene{task, func() error {
			return e.finding(`"type":"CryptoCurrency:Runtime/BitcoinTool.B","severity":8,"resource":{"resourceType":"ECSCluster","ecsClusterDetails":{"name":"shop",
				"arn":"` + cluster + `","taskDetails":{"arn":"` + task + `"}}},"service":{"archived":false}`)
		}, func() (string, error) {
			out, err := ecs.NewFromConfig(e.admin).DescribeTasks(e.ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: []string{task}})
			if err != nil {
				return "", err
			}
			return *out.Tasks[0].DesiredStatus, nil
		}}, err
	}},
	{rule: "log-retention-shortened", playbook: "keep-logs", calls: []string{"logs:PutRetentionPolicy"}, right: "365", stage: func(e *engine) (scene, error) {
		client, name := cloudwatchlogs.NewFromConfig(e.admin), e.name("payments")
		_, err := client.CreateLogGroup(e.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		return scene{name, func() error {
			_, err := client.PutRetentionPolicy(e.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: aws.Int32(1)})
			return err
		}, func() (string, error) {
			out, err := client.DescribeLogGroups(e.ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
			if err != nil {
				return "", err
			}
			return text(aws.ToInt32(out.LogGroups[0].RetentionInDays)), nil
		}}, err
	}},
	{rule: "kms-key-rotation-disabled", playbook: "rotate-key", calls: []string{"kms:EnableKeyRotation"}, right: "true", stage: func(e *engine) (scene, error) {
		client := kms.NewFromConfig(e.admin)
		made, err := client.CreateKey(e.ctx, &kms.CreateKeyInput{})
		if err != nil {
			return scene{}, err
		}
		key := made.KeyMetadata.KeyId
		_, err = client.EnableKeyRotation(e.ctx, &kms.EnableKeyRotationInput{KeyId: key})
		return scene{*key, func() error {
			_, err := client.DisableKeyRotation(e.ctx, &kms.DisableKeyRotationInput{KeyId: key})
			return err
		}, func() (string, error) {
			out, err := client.GetKeyRotationStatus(e.ctx, &kms.GetKeyRotationStatusInput{KeyId: key})
			if err != nil {
				return "", err
			}
			return text(out.KeyRotationEnabled), nil
		}}, err
	}},
}
