package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"riposte.dev/sandbox"
)

func TestSubscribersFilter(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, queues := w.sns(w.root, "us-east-1"), w.sqs(w.root, "us-east-1")
	topic := makeTopic(t, client, "alarms")
	byAttribute, byAttributeARN := w.queueFor(t, "by-attribute", *topic)
	byBody, byBodyARN := w.queueFor(t, "by-body", *topic)
	subscribe(t, client, topic, "sqs", byAttributeARN, map[string]string{
		"RawMessageDelivery": "true", "FilterPolicy": `{"severity":[{"numeric":[">",5]}],"kind":["alarm","test"]}`,
	})
	arn := subscribe(t, client, topic, "sqs", byBodyARN, map[string]string{
		"RawMessageDelivery": "true", "FilterPolicyScope": "MessageBody", "FilterPolicy": `{"detail":{"n":[{"exists":true}]}}`,
	})
	attribute := func(kind, value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &kind, StringValue: &value}
	}
	loud := map[string]types.MessageAttributeValue{"severity": attribute("Number", "7.5"), "kind": attribute("String.Array", `["x","test"]`)}
	quiet := map[string]types.MessageAttributeValue{"severity": attribute("Number", "5"), "kind": attribute("String", "alarm")}
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String(`{"detail":{"n":1}}`), MessageAttributes: quiet})
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String("no JSON"), MessageAttributes: loud})
	if got := receive(t, queues, byAttribute); len(got) != 1 || *got[0].Body != "no JSON" {
		t.Errorf("by attribute came %+v", got)
	}
	if got := receive(t, queues, byBody); len(got) != 1 || *got[0].Body != `{"detail":{"n":1}}` {
		t.Errorf("by body came %+v", got)
	}
	shown, err := client.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
	if err != nil || shown.Attributes["FilterPolicyScope"] != "MessageBody" || shown.Attributes["FilterPolicy"] == "" {
		t.Errorf("attributes %+v, %v", shown, err)
	}
	for name, value := range map[string]string{"FilterPolicy": `{"a":"x"}`, "FilterPolicyScope": "Everything", "Nonsense": "x"} {
		_, err := client.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: aws.String(name), AttributeValue: aws.String(value)})
		wantCode(t, err, "InvalidParameter")
	}
}

func TestRuleTellsATopic(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.sns(w.root, "us-east-1")
	topic := makeTopic(t, client, "alarms")
	url, arn := w.queueFor(t, "jobs", *topic)
	subscribe(t, client, topic, "sqs", arn, map[string]string{"RawMessageDelivery": "true"})
	dead, deadARN := w.eventQueue(t, "dead")
	w.rule(t, "", "tell", `{"source":["shop"]}`, ebtypes.Target{
		Id: aws.String("t"), Arn: topic, DeadLetterConfig: &ebtypes.DeadLetterConfig{Arn: &deadARN},
		InputTransformer: &ebtypes.InputTransformer{InputPathsMap: map[string]string{"n": "$.detail.n"}, InputTemplate: aws.String(`"number <n>"`)},
	})
	w.putEvent(t, "", `{"n":7}`)
	if m := w.awaitMessage(t, dead); *m.MessageAttributes["ERROR_CODE"].StringValue != "NO_PERMISSIONS" {
		t.Errorf("a topic with its default policy takes events: %+v", m)
	}
	if _, err := client.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *topic + `"}]}`)}); err != nil {
		t.Fatal(err)
	}
	w.putEvent(t, "", `{"n":7}`)
	if body := *w.awaitMessage(t, url).Body; body != `"number 7"` {
		t.Errorf("the queue has %s", body)
	}
}
