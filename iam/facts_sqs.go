package iam

var sqsFacts = map[string][]string{
	"sqs:ChangeMessageVisibility": queues,
	"sqs:DeleteMessage":           queues,
	"sqs:GetQueueAttributes":      queues,
	"sqs:GetQueueUrl":             queues,
	"sqs:ListQueueTags":           queues,
	"sqs:ReceiveMessage":          queues,
	"sqs:SendMessage":             queues,
	"sqs:SetQueueAttributes":      queues,
}

var queues = []string{"arn:P:sqs:*:A:*"}
