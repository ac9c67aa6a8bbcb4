package sandbox

import (
	"net/http"
	"net/url"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// sqsService answers for standard queues, in the JSON and the Query protocol
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html;
// what leaves a record those of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html.
func sqsService() *service {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: queueOfInput, resourcePolicy: queuePolicy, handle: handle}
	}
	data := func(name, action string, handle func(*call) (wire.Object, error)) operation {
		op := of(name, handle)
		op.data, op.action = true, action
		return op
	}
	receive := data("ReceiveMessage", "", receiveMessages)
	receive.writes = true // it hides what it hands out
	return &service{
		name: "sqs", prefix: "sqs",
		operations: []operation{
			{name: "CreateQueue", resources: queueByName, handle: createQueue},
			{name: "ListQueues", data: true, handle: listQueues},
			{name: "GetQueueUrl", data: true, resources: queueByName, resourcePolicy: queuePolicy, handle: getQueueURL},
			of("DeleteQueue", deleteQueue),
			of("SetQueueAttributes", setQueueAttributes),
			data("GetQueueAttributes", "", getQueueAttributes),
			of("PurgeQueue", purgeQueue),
			data("SendMessage", "", sendMessage),
			data("SendMessageBatch", "sqs:SendMessage", sendMessageBatch),
			receive,
			data("DeleteMessage", "", deleteMessage),
			data("DeleteMessageBatch", "sqs:DeleteMessage", deleteMessageBatch),
			data("ChangeMessageVisibility", "", changeVisibility),
			data("ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility", changeVisibilityBatch),
			of("TagQueue", tagQueue),
			of("UntagQueue", untagQueue),
			data("ListQueueTags", "", listQueueTags),
		},
		setup: func(s *Sandbox) {
			s.receiver("sqs", func(d delivery) error { return s.sendToQueue(d, nil) })
		},
	}
}

// queueAddress is what a queue's URL says.
type queueAddress struct{ account, name string }

// address reads QueueUrl: its last two parts, whatever the host; or, where
// there is none, QueueName and its owner.
func (c *call) queueAddress() (queueAddress, bool) {
	text := c.in.str("QueueUrl")
	if text == "" {
		return queueAddress{orElse(c.in.str("QueueOwnerAWSAccountId"), c.account.id), c.in.str("QueueName")}, true
	}
	u, err := url.Parse(text)
	if err != nil {
		return queueAddress{}, false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 {
		return queueAddress{c.account.id, parts[0]}, parts[0] != ""
	}
	return queueAddress{parts[len(parts)-2], parts[len(parts)-1]}, true
}

func queueByName(c *call) []string { return queueOfInput(c) }

func queueOfInput(c *call) []string {
	a, ok := c.queueAddress()
	if !ok {
		return nil
	}
	return []string{arn("sqs", c.region, a.account, a.name)}
}

func queuePolicy(c *call) (*policy.Document, string) {
	a, ok := c.queueAddress()
	if !ok {
		return nil, ""
	}
	q := c.queuesOf(a.account).byName[a.name]
	if q == nil {
		return nil, a.account
	}
	return q.document(), a.account
}

// queue is the one that the input names.
func (c *call) queue() (*queue, error) {
	a, ok := c.queueAddress()
	if !ok {
		return nil, &wire.Error{Code: "InvalidAddress", Status: http.StatusNotFound, Message: "The address " + c.in.str("QueueUrl") + " is not valid for this endpoint."}
	}
	q := c.queuesOf(a.account).byName[a.name]
	if q == nil {
		return nil, wire.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
	}
	return q, nil
}

func (c *call) queueURL(a queueAddress) string { return c.baseURL() + "/" + a.account + "/" + a.name }

// invalidValue is SQS's refusal of a parameter.
func invalidValue(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValue", format, args...)
}
