package sns_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/sns"
)

const (
	topic = "arn:aws:sns:eu-west-1:111122223333:orders"
	// own takes the place of SNS's policy, by which everybody in the account may read and change the topic.
	own = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"SNS:Publish","Resource":"` + topic + `"}}`
)

// cloud is a sandbox with a topic.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{
		Name: aws.String("orders"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
		Attributes: map[string]string{"Policy": own},
	})
	c.Must(err)
	return c
}

func (c cloud) encrypt(key string) {
	_, err := c.client.SetTopicAttributes(c.T.Context(), &sdk.SetTopicAttributesInput{
		TopicArn: aws.String(topic), AttributeName: aws.String("KmsMasterKeyId"), AttributeValue: &key,
	})
	c.Must(err)
}

func (c cloud) state() string {
	out, err := c.client.GetTopicAttributes(c.T.Context(), &sdk.GetTopicAttributesInput{TopicArn: aws.String(topic)})
	c.Must(err)
	return "key " + out.Attributes["KmsMasterKeyId"]
}

func TestConformance(t *testing.T) {
	for name, params := range map[string]string{"by its name": `{"topic":"orders"}`, "by its ARN, with a key": `{"topic":"` + topic + `","kms_key":"alias/topics"}`} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(sns.NewEnableEncryption, params, `{"topic":"none"}`, c.state)
				w.Interfere = func() { c.encrypt("alias/another") }
				return w
			})
		})
	}
}

func TestATopicThatHasAKey(t *testing.T) {
	c := newCloud(t)
	c.encrypt("alias/topics")
	item := c.Plan(sns.NewEnableEncryption, `{"topic":"orders"}`)
	actiontest.Want(t, item, action.Unneeded, "by alias/topics already")
	if item.Resource.Tags["team"] != "payments" {
		t.Errorf("%+v, want its tags", item.Resource)
	}
}
