// Package stepfunctions answers Step Functions' own API over riposte's runtime: JSON 1.0 with X-Amz-Target AWSStepFunctions.*,
// as the AWS SDK and CLI speak it (https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html). The playbooks
// of the configuration are state machines too; those that are created here are kept in the store.
//
// Start at [Handler]. Who calls, and whether they may, is decided before (package web); [Handler.Need] says what an operation
// takes. Executions that are started here go the way of all others: journal, guard, audit record.
package stepfunctions
