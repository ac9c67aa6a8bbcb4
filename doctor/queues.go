package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Queue is an SQS queue that riposte reads.
type Queue struct {
	ARN, URL string
	Account  string // whose role is used; "": the ARN's
}

const (
	minVisibility = 30     // seconds
	maxDepth      = 10_000 // messages
)

// sources are the condition keys that say for whom a service may act
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
var sources = []string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}

// senders may put events into a queue.
var senders = []string{"events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"}

func (d *doctor) queues(ctx context.Context) []Result {
	if len(d.Queues) == 0 {
		return one(Result{Status: OK, Summary: "No queue is configured."})
	}
	var n notes
	for _, q := range d.Queues {
		d.queue(ctx, &n, q)
	}
	return one(n.result(fmt.Sprintf("%d queues are as they should be.", len(d.Queues)), "Not all queues are as they should be."))
}

func (d *doctor) queue(ctx context.Context, n *notes, q Queue) {
	parts := strings.Split(q.ARN, ":")
	if len(parts) != 6 {
		n.add(Fail, "riposte validate", "%q is not the ARN of a queue.", q.ARN)
		return
	}
	region, name := parts[3], parts[5]
	cfg, err := d.AWS(ctx, cmp.Or(q.Account, parts[4]), region)
	if err != nil {
		n.failed(err)
		return
	}
	out, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(q.URL), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		err = awscall.Fault(err, "sqs:GetQueueAttributes", "look at queue %s", name)
		if strings.Contains(err.Error(), "NonExistent") || fault.CodeOf(err) == fault.NotFound {
			n.add(Fail, fmt.Sprintf("aws sqs create-queue --region %s --queue-name %s", region, name), "Queue %s does not exist.", name)
			return
		}
		n.failed(err)
		return
	}
	at := out.Attributes
	set := fmt.Sprintf("aws sqs set-queue-attributes --region %s --queue-url %s --attributes ", region, q.URL)
	n.policy(name, set, at["Policy"])
	if at["RedrivePolicy"] == "" {
		n.add(Warn, set+`'{"RedrivePolicy":"{\"deadLetterTargetArn\":\"DLQ_ARN\",\"maxReceiveCount\":\"10\"}"}'`,
			"Queue %s has no dead-letter queue: what cannot be read comes back until it expires.", name)
	}
	if v, err := strconv.Atoi(at["VisibilityTimeout"]); err == nil && v < minVisibility {
		n.add(Warn, set+"VisibilityTimeout=60", "Queue %s shows messages again after %d s, before they are surely stored.", name, v)
	}
	if depth, err := strconv.Atoi(at["ApproximateNumberOfMessages"]); err == nil && depth > maxDepth {
		n.add(Warn, "riposte serve", "%d messages wait in queue %s.", depth, name)
	}
	switch key := at["KmsMasterKeyId"]; {
	case strings.HasSuffix(key, "alias/aws/sqs"):
		n.add(Fail, set+"SqsManagedSseEnabled=true", "Queue %s is encrypted with AWS's own key for SQS, which EventBridge, S3 and SNS cannot use.", name)
	case key == "" && at["SqsManagedSseEnabled"] != "true":
		n.add(Warn, set+"SqsManagedSseEnabled=true", "Queue %s is not encrypted.", name)
	}
}

// queuePolicy is as much of a policy document as is looked at.
type queuePolicy struct {
	Statement oneOrMore[struct {
		Effect    string
		Principal json.RawMessage
		Action    oneOrMore[string]
		Condition map[string]map[string]any
	}]
}

// policy notes who else may send to the queue than EventBridge, S3 and SNS on behalf of somebody known, and where even they
// may not.
func (n *notes) policy(queue, set, text string) {
	show := strings.Replace(strings.TrimSuffix(set, " --attributes "), "set-queue-attributes", "get-queue-attributes", 1) + " --attribute-names Policy"
	var p queuePolicy
	if text == "" {
		n.add(Fail, show, "Queue %s has no policy: EventBridge, S3 and SNS may not send to it.", queue)
		return
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		n.add(Unknown, show, "The policy of queue %s cannot be read: %v.", queue, err)
		return
	}
	service := false
	for _, s := range p.Statement {
		if s.Effect != "Allow" || !slices.ContainsFunc(s.Action, maySend) {
			continue
		}
		known, others := sendersOf(s.Principal)
		service = service || known
		if known && !namesSource(s.Condition) {
			n.add(Fail, show, "Queue %s takes messages of AWS's services on behalf of any account: a stranger's rule or bucket can send forged events. "+
				"Add a condition on aws:SourceArn or aws:SourceAccount to its policy.", queue)
		}
		if len(others) == 0 {
			continue
		}
		who := strings.Join(others, ", ")
		switch {
		case slices.Contains(others, "*") && len(s.Condition) == 0:
			n.add(Fail, show, "Anybody may send events to queue %s: forged events can start responses.", queue)
		default:
			n.add(Warn, show, "Queue %s takes messages from %s: who can send there can forge events.", queue, who)
		}
	}
	if !service {
		n.add(Fail, show, "The policy of queue %s lets none of EventBridge, S3 and SNS send to it.", queue)
	}
}

// maySend reports whether an action of a policy, in which * and ? are wildcards, includes sqs:SendMessage.
func maySend(action string) bool {
	yes, err := path.Match(strings.ToLower(action), "sqs:sendmessage")
	return yes || err != nil // what can't be read is taken for the worst
}

// namesSource reports whether conditions say on whose behalf a service must act.
func namesSource(conditions map[string]map[string]any) bool {
	for _, keys := range conditions {
		for key := range keys {
			if slices.Contains(sources, strings.ToLower(key)) {
				return true
			}
		}
	}
	return false
}

// sendersOf reports whether a principal is a service that sends events, and who else it is.
func sendersOf(principal json.RawMessage) (service bool, others []string) {
	var anybody string
	if json.Unmarshal(principal, &anybody) == nil {
		return false, []string{anybody}
	}
	var by map[string]oneOrMore[string]
	if json.Unmarshal(principal, &by) != nil {
		return false, []string{string(principal)}
	}
	for kind, names := range by {
		for _, name := range names {
			if kind == "Service" && slices.Contains(senders, name) {
				service = true
				continue
			}
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return service, others
}

// oneOrMore is a list that may be written as its only member.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMore[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(o))
	}
	*o = make([]T, 1)
	return json.Unmarshal(text, &(*o)[0])
}
