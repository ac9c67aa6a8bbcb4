package sns_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/action/sns"
)

const public = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"SNS:Subscribe","Resource":"` + topic + `"}`

// policyOf returns what looks at the topic's policy.
func (c cloud) policyOf() func() string {
	return func() string {
		out, err := c.client.GetTopicAttributes(c.T.Context(), &sdk.GetTopicAttributesInput{TopicArn: aws.String(topic)})
		c.Must(err)
		return out.Attributes["Policy"]
	}
}

func (c cloud) putPolicy(statements string) {
	_, err := c.client.SetTopicAttributes(c.T.Context(), &sdk.SetTopicAttributesInput{
		TopicArn: aws.String(topic), AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	})
	c.Must(err)
}

const ownStatement = `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"SNS:Publish","Resource":"` + topic + `"}`

func TestRemovePublicStatementsConforms(t *testing.T) {
	for name, statements := range map[string]string{"one of two": ownStatement + "," + public, "all": public} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.putPolicy(statements)
				w := c.World(sns.NewRemovePublicStatements, `{"topic":"orders"}`, `{"topic":"none"}`, c.policyOf())
				w.Interfere = func() { c.putPolicy(ownStatement + "," + ownStatement) }
				return w
			})
		})
	}
}

func TestWhatIsPublic(t *testing.T) {
	alarms := `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"SNS:Publish","Resource":"` + topic +
		`","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*"}}}`
	for _, tt := range []struct {
		name, statements string
		status           action.Status
		says             string
	}{
		{"some", ownStatement, action.Unneeded, "No statement"},
		{"alarms of the account", alarms, action.Unneeded, "No statement"},
		{"everybody", public, action.Change, `statement 1 "Everybody" (SNS:Subscribe). Nothing else is in it, so only its own account`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			c.putPolicy(tt.statements)
			actiontest.Want(t, c.Plan(sns.NewRemovePublicStatements, `{"topic":"`+topic+`"}`), tt.status, tt.says)
		})
	}
}

// The policy that takes an empty one's place is the one that SNS gives a new topic, and not public itself.
func TestThePolicyOfANewTopic(t *testing.T) {
	c := newCloud(t)
	c.putPolicy(public)
	a := c.Action(sns.NewRemovePublicStatements)
	c.Do(a, c.Item(a, actiontest.Request(`{"topic":"orders"}`)))
	actiontest.Want(t, c.Item(a, actiontest.Request(`{"topic":"orders"}`)), action.Unneeded, "No statement")
	other, err := c.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("orders-2")})
	c.Must(err)
	out, err := c.client.GetTopicAttributes(t.Context(), &sdk.GetTopicAttributesInput{TopicArn: other.TopicArn})
	c.Must(err)
	if fresh := strings.ReplaceAll(out.Attributes["Policy"], "orders-2", "orders"); !resourcepolicy.Equivalent(fresh, c.policyOf()()) {
		t.Errorf("the policy is %s, a new topic's %s", c.policyOf()(), fresh)
	}
}
