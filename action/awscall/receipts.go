package awscall

import (
	"context"
	"errors"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"riposte.dev/action"
)

// maxErrorText bounds what a receipt keeps of an error, in bytes.
const maxErrorText = 1024

// receipts is the middleware that notes an attempt. It is in the Deserialize step, which the SDK's retry loop repeats:
// each attempt has a request id of its own, and AWS may have carried out one whose answer was lost.
type receipts struct{ now func() time.Time }

// ID names the middleware in the SDK's stack.
func (*receipts) ID() string { return "riposte.Receipts" }

// HandleDeserialize lets the attempt happen where it is permitted, and notes it.
func (r *receipts) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	if err := action.Permitted(ctx); err != nil {
		return out, metadata, err
	}
	out, metadata, err = next.HandleDeserialize(ctx, in)
	receipt := action.Receipt{
		Service:   Prefix(awsmiddleware.GetServiceID(ctx)),
		Operation: awsmiddleware.GetOperationName(ctx),
		Region:    awsmiddleware.GetRegion(ctx),
		At:        r.now().UTC(),
		Error:     errorText(err),
	}
	receipt.RequestID, _ = awsmiddleware.GetRequestIDMetadata(metadata)
	if receipt.RequestID == "" {
		var withID interface{ ServiceRequestID() string }
		if errors.As(err, &withID) {
			receipt.RequestID = withID.ServiceRequestID()
		}
	}
	action.Note(ctx, receipt)
	return out, metadata, err
}

// Prefix returns the IAM prefix of the service with the SDK's service id
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html):
// the id in small letters without spaces, except where AWS chose another name.
func Prefix(serviceID string) string {
	switch serviceID {
	case "AccessAnalyzer":
		return "access-analyzer"
	case "ApiGatewayV2":
		return "apigateway"
	case "CloudWatch Logs":
		return "logs"
	case "Config Service":
		return "config"
	case "Elastic Load Balancing v2":
		return "elasticloadbalancing"
	case "EventBridge":
		return "events"
	case "OpenSearch":
		return "es"
	case "SFN":
		return "states"
	case "S3 Control":
		return "s3"
	case "SESv2":
		return "ses"
	}
	return strings.ToLower(strings.ReplaceAll(serviceID, " ", ""))
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var api smithy.APIError
	if errors.As(err, &api) {
		text = api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return strings.ToValidUTF8(text[:min(len(text), maxErrorText)], "")
}
