package sqs_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/sqs"
)

// cloud is a sandbox with a queue.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	url    *string
}

func newCloud(t *testing.T, encrypted string) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	out, err := c.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{
		QueueName: aws.String("orders"), Tags: map[string]string{"team": "payments"}, Attributes: map[string]string{"SqsManagedSseEnabled": encrypted},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.url = out.QueueUrl
	return c
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.GetQueueAttributes(c.T.Context(), &sdk.GetQueueAttributesInput{QueueUrl: c.url, AttributeNames: []types.QueueAttributeName{"SqsManagedSseEnabled"}})
	c.Must(err)
	return out.Attributes["SqsManagedSseEnabled"]
}

func TestConformance(t *testing.T) {
	for name, params := range map[string]string{"by its name": `{"queue":"orders"}`, "by its ARN": `{"queue":"arn:aws:sqs:eu-west-1:111122223333:orders"}`} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, "false")
				return c.World(sqs.NewEnableEncryption, params, `{"queue":"none"}`, c.state)
			})
		})
	}
}

func TestAQueueThatIsEncrypted(t *testing.T) {
	c := newCloud(t, "true")
	item := c.Plan(sqs.NewEnableEncryption, `{"queue":"orders"}`)
	actiontest.Want(t, item, action.Unneeded, "already")
	if item.Resource.Tags["team"] != "payments" {
		t.Errorf("%+v, want its tags", item.Resource)
	}
}
