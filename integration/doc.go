// Package integration makes the calls of Step Functions' own task resources, so that state machines move to riposte unchanged:
// Lambda functions, lambda:invoke, sns:publish, sqs:sendMessage, events:putEvents, states:startExecution, http:invoke, and
// aws-sdk:SERVICE:API for the services whose clients riposte has
// (https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html).
//
// Start at [Set]: it finds the resource that a Task names. Each is an API action with a way to read its parameters and to give its
// answer the form that Step Functions has: resource.go and call.go say how they are put together, services.go has the services and
// which of their actions only read, subject.go what a call changes, and permissions.go what it needs to be allowed. The call goes
// through the SDK's client by reflection, so that a service costs a line.
//
// Nothing here decides whether a call may be made: the runtime asks the guard, journals, and calls. Every call leaves a receipt
// with the context's [riposte.dev/action.Recorder].
package integration
