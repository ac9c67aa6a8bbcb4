package eks

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// kubernetesService is the service of calls and receipts of Kubernetes's API, which is none of IAM's.
const kubernetesService = "kubernetes"

// Bounds on answers, in bytes.
const (
	maxAnswer    = 8 << 20
	maxErrorText = 1024
)

// kubernetes is the API of a cluster
// (https://kubernetes.io/docs/reference/using-api/api-concepts/).
type kubernetes struct {
	cluster, endpoint, token, region string
	client                           *http.Client
	now                              func() time.Time
}

func (k *kubernetes) close() { k.client.CloseIdleConnections() }

// endpoint is how an operation is called: the names are riposte's own, verb and kind, as Kubernetes has none.
type endpoint struct {
	method string
	path   string // with {namespace} and {name}
	accept string // content type of the body
}

const mergePatch = "application/merge-patch+json" // RFC 7386

var endpoints = map[string]endpoint{
	"GetPod":              {http.MethodGet, "/api/v1/namespaces/{namespace}/pods/{name}", ""},
	"PatchPod":            {http.MethodPatch, "/api/v1/namespaces/{namespace}/pods/{name}", mergePatch},
	"GetNode":             {http.MethodGet, "/api/v1/nodes/{name}", ""},
	"PatchNode":           {http.MethodPatch, "/api/v1/nodes/{name}", mergePatch},
	"ListNetworkPolicies": {http.MethodGet, "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies", ""},
	"CreateNetworkPolicy": {http.MethodPost, "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies", "application/json"},
	"DeleteNetworkPolicy": {http.MethodDelete, "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}", "application/json"},
}

// object is what a call is about; body is a planned call's.
type object struct {
	Cluster   string          `json:"cluster"`
	Namespace string          `json:"namespace,omitempty"`
	Name      string          `json:"name,omitempty"`
	Body      json.RawMessage `json:"body,omitempty"`
}

func (o object) String() string {
	return strings.TrimPrefix(o.Namespace+"/"+o.Name, "/")
}

// do makes a call where it is permitted, notes it, and reads the answer into out. Errors carry fault codes: Denied where the access
// entry allows too little, Unauthenticated where there is none, Conflict where the object is another one than was seen.
func (k *kubernetes) do(ctx context.Context, operation string, o object, query url.Values, out any) error {
	if err := action.Permitted(ctx); err != nil {
		return err
	}
	e := endpoints[operation]
	at := strings.NewReplacer("{namespace}", url.PathEscape(o.Namespace), "{name}", url.PathEscape(o.Name)).Replace(e.path)
	target := strings.TrimSuffix(k.endpoint, "/") + at
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, e.method, target, bytes.NewReader(o.Body))
	if err != nil {
		return fault.New(fault.Internal, "ask the cluster %s: %w", k.cluster, err)
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	req.Header.Set("Accept", "application/json")
	if e.accept != "" {
		req.Header.Set("Content-Type", e.accept)
	}
	receipt := action.Receipt{Service: kubernetesService, Operation: operation, Region: k.region}
	answer, err := k.client.Do(req)
	var body []byte
	if err == nil {
		receipt.RequestID = answer.Header.Get("Audit-Id")
		body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
		_ = answer.Body.Close() // it was read as far as it is wanted
	}
	switch {
	case err != nil:
		err = k.unreached(ctx, err)
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		err = k.refused(answer.StatusCode, body)
	case len(body) > maxAnswer:
		err = fault.New(fault.TooLarge, "the cluster %s answers more than %d bytes", k.cluster, maxAnswer).
			WithHint("look for what fills the namespace %s", o.Namespace)
	case out != nil:
		if err = json.Unmarshal(body, out); err != nil {
			err = fault.New(fault.Unavailable, "the cluster %s doesn't answer with JSON: %w", k.cluster, err).WithHint("a proxy may answer in its place")
		}
	}
	receipt.At = k.now().UTC()
	if err != nil {
		text := err.Error()
		receipt.Error = strings.ToValidUTF8(text[:min(len(text), maxErrorText)], "")
	}
	action.Note(ctx, receipt)
	return err
}

// unreached words that no answer came.
func (k *kubernetes) unreached(ctx context.Context, err error) error {
	doing := fmt.Sprintf("ask the cluster %s at %s", k.cluster, k.endpoint)
	var untrusted *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return &fault.Error{Code: fault.CodeOf(ctx.Err()), Message: doing + ": " + ctx.Err().Error(), Err: ctx.Err()}
	case errors.As(err, &untrusted):
		return fault.New(fault.Unavailable, "%s: %w", doing, err).
			WithHint("who answers there is not the cluster: look for a proxy that opens TLS, and let it leave the endpoint alone")
	default:
		return fault.New(fault.Unavailable, "%s: %w", doing, err).
			WithHint("riposte has to reach the cluster's endpoint: where that is private, run it in its network, or let its address in (publicAccessCidrs)")
	}
}

// refused words an answer that is an error: a Status
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
func (k *kubernetes) refused(status int, body []byte) error {
	var s struct{ Message, Reason string }
	if json.Unmarshal(body, &s) != nil || s.Message == "" {
		s.Message = http.StatusText(status)
	}
	says := fmt.Sprintf("the cluster %s: %s (%d)", k.cluster, s.Message[:min(len(s.Message), maxErrorText)], status)
	switch {
	case status == http.StatusUnauthorized:
		return fault.New(fault.Unauthenticated, "%s", says).WithHint("it knows no access entry of the role that riposte uses there: "+
			"aws eks create-access-entry --cluster-name %s --kubernetes-groups riposte --principal-arn that role's", k.cluster)
	case status == http.StatusForbidden:
		return fault.New(fault.Denied, "%s", says).WithHint("bind a ClusterRole that allows it to the group of riposte's access entry: " +
			"riposte actions show eks.isolate-pod has one")
	case status == http.StatusNotFound:
		return fault.New(fault.NotFound, "%s", says)
	case status == http.StatusConflict, strings.Contains(s.Message, "metadata.uid"): // a patch for another object of that name
		return fault.New(fault.Conflict, "%s", says).WithHint("look at who changed it, and make the plan again")
	case status == http.StatusTooManyRequests:
		return fault.New(fault.Throttled, "%s", says).WithHint("nothing to do if it passes; else look at what else asks the cluster")
	case status >= 500:
		return fault.New(fault.Unavailable, "%s", says).WithHint("nothing to do if it passes; else look at the cluster's health")
	default:
		return fault.New(fault.Invalid, "%s", says)
	}
}
