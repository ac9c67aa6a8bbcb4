package config_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/config"
	"riposte.dev/fault"
)

// cloud is a sandbox with AWS Config.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) recorder() {
	c.T.Helper()
	_, err := c.client.PutConfigurationRecorder(c.T.Context(), &sdk.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{
		Name: aws.String("main"), RoleARN: aws.String("arn:aws:iam::111122223333:role/config"),
	}})
	c.Must(err)
}

func (c cloud) channel() {
	c.T.Helper()
	_, err := c.client.PutDeliveryChannel(c.T.Context(), &sdk.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{
		Name: aws.String("main"), S3BucketName: aws.String("config-111122223333"),
	}})
	c.Must(err)
}

func (c cloud) start() {
	c.T.Helper()
	_, err := c.client.StartConfigurationRecorder(c.T.Context(), &sdk.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("main")})
	c.Must(err)
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeConfigurationRecorderStatus(c.T.Context(), nil)
	c.Must(err)
	text := ""
	for _, s := range out.ConfigurationRecordersStatus {
		text += fmt.Sprintln(*s.Name, s.Recording)
	}
	return text
}

func TestConformance(t *testing.T) {
	for _, params := range []string{`{}`, `{"recorder":"main"}`} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.recorder()
				c.channel()
				return c.World(config.NewStartRecorder, params, "", c.state)
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name   string
		setUp  []func(cloud)
		status action.Status
		says   string
	}{
		{"no recorder", nil, action.Escalated, "no recorder in eu-west-1"},
		{"no channel", []func(cloud){cloud.recorder}, action.Escalated, "no delivery channel"},
		{"a recorder that records", []func(cloud){cloud.recorder, cloud.channel, cloud.start}, action.Unneeded, "already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			for _, step := range tt.setUp {
				step(c)
			}
			actiontest.Want(t, c.Plan(config.NewStartRecorder, `{}`), tt.status, tt.says)
		})
	}
}

func TestARecorderThatIsNotThere(t *testing.T) {
	c := newCloud(t)
	c.recorder()
	if _, err := c.Action(config.NewStartRecorder).Plan(t.Context(), actiontest.Request(`{"recorder":"none"}`)); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("plan: %v, want not found with a hint", err)
	}
}
