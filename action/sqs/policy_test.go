package sqs_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/sqs"
)

const (
	queue  = "arn:aws:sqs:eu-west-1:111122223333:orders"
	own    = `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"SQS:SendMessage","Resource":"` + queue + `"}`
	public = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"SQS:ReceiveMessage","Resource":"` + queue + `"}`
)

// policyOf returns what looks at the queue's policy.
func (c cloud) policyOf() func() string {
	return func() string {
		out, err := c.client.GetQueueAttributes(c.T.Context(), &sdk.GetQueueAttributesInput{QueueUrl: c.url, AttributeNames: []types.QueueAttributeName{"Policy"}})
		c.Must(err)
		return out.Attributes["Policy"]
	}
}

func (c cloud) putPolicy(statements string) {
	_, err := c.client.SetQueueAttributes(c.T.Context(), &sdk.SetQueueAttributesInput{
		QueueUrl: c.url, Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[` + statements + `]}`},
	})
	c.Must(err)
}

func TestRemovePublicStatementsConforms(t *testing.T) {
	for _, tt := range []struct{ name, statements, params string }{
		{"one of two, by the queue's URL", own + "," + public, `{"queue":"https://sqs.eu-west-1.amazonaws.com/111122223333/orders"}`},
		{"all", public, `{"queue":"orders"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, "true")
				c.putPolicy(tt.statements)
				w := c.World(sqs.NewRemovePublicStatements, tt.params, `{"queue":"none"}`, c.policyOf())
				w.Interfere = func() { c.putPolicy(own + "," + own) }
				return w
			})
		})
	}
}

func TestWhatIsPublic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(cloud)
		status action.Status
		says   string
	}{
		{"no policy", func(cloud) {}, action.Unneeded, "no policy"},
		{"another account", func(c cloud) { c.putPolicy(own) }, action.Unneeded, "No statement"},
		{"everybody", func(c cloud) { c.putPolicy(public) }, action.Change, `"Everybody" (SQS:ReceiveMessage). Nothing else is in it, so it is removed.`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, "true")
			tt.spoil(c)
			actiontest.Want(t, c.Plan(sqs.NewRemovePublicStatements, `{"queue":"orders"}`), tt.status, tt.says)
		})
	}
}
