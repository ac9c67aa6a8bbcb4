package config_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/config"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with AWS Config.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) recorder() {
	c.t.Helper()
	_, err := c.client.PutConfigurationRecorder(c.t.Context(), &sdk.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{
		Name: aws.String("main"), RoleARN: aws.String("arn:aws:iam::111122223333:role/config"),
	}})
	c.must(err)
}

func (c cloud) channel() {
	c.t.Helper()
	_, err := c.client.PutDeliveryChannel(c.t.Context(), &sdk.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{
		Name: aws.String("main"), S3BucketName: aws.String("config-111122223333"),
	}})
	c.must(err)
}

func (c cloud) start() {
	c.t.Helper()
	_, err := c.client.StartConfigurationRecorder(c.t.Context(), &sdk.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("main")})
	c.must(err)
}

func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeConfigurationRecorderStatus(c.t.Context(), nil)
	c.must(err)
	text := ""
	for _, s := range out.ConfigurationRecordersStatus {
		text += fmt.Sprintln(*s.Name, s.Recording)
	}
	return text
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func (c cloud) action() action.Action {
	return config.NewStartRecorder(c.Caller(config.NewStartRecorder(nil).Spec().Permissions))
}

func TestConformance(t *testing.T) {
	for _, params := range []string{`{}`, `{"recorder":"main"}`} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.recorder()
				c.channel()
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return config.NewStartRecorder(c.Caller(permissions)) },
					Request: request(params),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "config", Operation: "StartConfigurationRecorder", Reads: reads})
					},
				}
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
			actiontest.Want(t, c.Item(c.action(), request(`{}`)), tt.status, tt.says)
		})
	}
}

func TestARecorderThatIsNotThere(t *testing.T) {
	c := newCloud(t)
	c.recorder()
	if _, err := c.action().Plan(t.Context(), request(`{"recorder":"none"}`)); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("plan: %v, want not found with a hint", err)
	}
}
