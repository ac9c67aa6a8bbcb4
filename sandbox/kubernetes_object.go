package sandbox

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kubeResource is a kind of object.
type kubeResource struct {
	group, version, plural, kind string
	namespaced                   bool
}

func (r kubeResource) apiVersion() string { return strings.TrimPrefix(r.group+"/"+r.version, "/") }

var kubeResources = []kubeResource{
	{"", "v1", "pods", "Pod", true},
	{"", "v1", "nodes", "Node", false},
	{"", "v1", "namespaces", "Namespace", false},
	{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false},
}

// kubeRequest is what a request's method and path say.
type kubeRequest struct {
	resource        kubeResource
	namespace, name string
	verb            string // of RBAC: get, list, create, patch, delete
	query           url.Values
}

// operation is the request's name in the sandbox's own words.
func (r kubeRequest) operation() string {
	kind := r.resource.kind
	if r.verb == "list" {
		kind = strings.TrimSuffix(kind, "y") + map[bool]string{true: "ies", false: "s"}[strings.HasSuffix(kind, "y")]
	}
	return strings.ToUpper(r.verb[:1]) + r.verb[1:] + kind
}

func parseKube(r *http.Request) (kubeRequest, error) {
	missing := kubeFailure(http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[1:]
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[2:]
	default:
		return kubeRequest{}, missing
	}
	out, version := kubeRequest{query: r.URL.Query()}, parts[0]
	parts = parts[1:]
	if parts[0] == "namespaces" && len(parts) > 2 {
		out.namespace, parts = parts[1], parts[2:]
	}
	i := slices.IndexFunc(kubeResources, func(k kubeResource) bool {
		return k.group == group && k.version == version && k.plural == parts[0] && k.namespaced == (out.namespace != "")
	})
	if i < 0 || len(parts) > 2 {
		return kubeRequest{}, missing
	}
	out.resource = kubeResources[i]
	if len(parts) == 2 {
		out.name = parts[1]
	}
	verbs := map[bool]map[string]string{
		true:  {http.MethodGet: "get", http.MethodPatch: "patch", http.MethodDelete: "delete"},
		false: {http.MethodGet: "list", http.MethodPost: "create"},
	}
	if out.verb = verbs[out.name != ""][r.Method]; out.verb == "" {
		return out, kubeFailure(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
	}
	return out, nil
}

// kubeObject is an object as its JSON says. It is replaced, never changed.
type kubeObject map[string]any

func (o kubeObject) metadata() map[string]any { m, _ := o["metadata"].(map[string]any); return m }

type kubeKey struct{ resource, namespace, name string }

// kubeObjects are those of a cluster.
type kubeObjects struct {
	all     map[kubeKey]kubeObject
	version int // the last resourceVersion
}

// kubeStates are the objects of all clusters of an account in a region.
type kubeStates struct{ clusters map[string]*kubeObjects }

func newKubeStates() *kubeStates { return &kubeStates{map[string]*kubeObjects{}} }

func (s *kubeStates) clone() stater {
	out := newKubeStates()
	for name, objects := range s.clusters {
		out.clusters[name] = &kubeObjects{maps.Clone(objects.all), objects.version}
	}
	return out
}

// objects are the cluster's, which has the namespaces of a new one at first.
func (c *kubeCall) objects() *kubeObjects {
	states := stateOf(c.call, c.cluster.stateKey(), newKubeStates)
	if states.clusters[c.cluster.name] == nil {
		o := &kubeObjects{all: map[kubeKey]kubeObject{}}
		for _, name := range []string{"default", "kube-node-lease", "kube-public", "kube-system"} {
			o.all[kubeKey{resource: "namespaces", name: name}] = kubeObject{"metadata": map[string]any{"name": name}}
		}
		states.clusters[c.cluster.name] = o
	}
	return states.clusters[c.cluster.name]
}

func (c *kubeCall) key() kubeKey { return kubeKey{c.resource.plural, c.namespace, c.name} }

func (c *kubeCall) handleKube() (any, error) {
	switch c.verb {
	case "list":
		return c.listKube()
	case "create":
		return c.createKube()
	}
	object := c.objects().all[c.key()]
	if object == nil {
		return nil, kubeFailure(http.StatusNotFound, "NotFound", "%s %q not found", c.plural(), c.name)
	}
	switch c.verb {
	case "patch":
		return c.patchKube(object)
	case "delete":
		return c.deleteKube(object)
	}
	return object, nil
}

// plural is the resource in messages: networkpolicies.networking.k8s.io.
func (c *kubeCall) plural() string {
	return strings.TrimSuffix(c.resource.plural+"."+c.resource.group, ".")
}

func (c *kubeCall) listKube() (any, error) {
	if c.query.Get("labelSelector")+c.query.Get("fieldSelector") != "" {
		return nil, kubeFailure(http.StatusBadRequest, "BadRequest", "the sandbox has no selectors")
	}
	all := c.objects()
	var keys []kubeKey
	for k := range all.all {
		if k.resource == c.resource.plural && k.namespace == c.namespace {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b kubeKey) int { return strings.Compare(a.name, b.name) })
	after, err := base64.RawURLEncoding.DecodeString(c.query.Get("continue"))
	if err != nil {
		return nil, kubeFailure(http.StatusBadRequest, "BadRequest", "continue key is not valid: %v", err)
	}
	keys = slices.DeleteFunc(keys, func(k kubeKey) bool { return k.name <= string(after) && len(after) > 0 })
	meta := map[string]any{"resourceVersion": strconv.Itoa(all.version)}
	if limit, err := strconv.Atoi(c.query.Get("limit")); err == nil && limit > 0 && limit < len(keys) {
		keys = keys[:limit]
		meta["continue"] = base64.RawURLEncoding.EncodeToString([]byte(keys[limit-1].name))
	}
	items := make([]any, 0, len(keys))
	for _, k := range keys {
		items = append(items, all.all[k])
	}
	return map[string]any{"kind": c.resource.kind + "List", "apiVersion": c.resource.apiVersion(), "metadata": meta, "items": items}, nil
}

var kubeName = form(`^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$`)

func (c *kubeCall) createKube() (any, error) {
	object := kubeObject{}
	if err := c.decodeKube(&object); err != nil {
		return nil, err
	}
	meta := maps.Clone(object.metadata())
	c.name, _ = meta["name"].(string)
	switch {
	case object["apiVersion"] != c.resource.apiVersion() || object["kind"] != c.resource.kind:
		return nil, kubeFailure(http.StatusBadRequest, "BadRequest", "the API version in the data (%v) does not match the expected API version (%s)", object["apiVersion"], c.resource.apiVersion())
	case !kubeName().MatchString(c.name):
		return nil, kubeFailure(http.StatusUnprocessableEntity, "Invalid", "%s %q is invalid: metadata.name: Invalid value", c.resource.kind, c.name)
	case c.namespace != "" && c.objects().all[kubeKey{resource: "namespaces", name: c.namespace}] == nil:
		return nil, kubeFailure(http.StatusNotFound, "NotFound", "namespaces %q not found", c.namespace)
	case c.objects().all[c.key()] != nil:
		return nil, kubeFailure(http.StatusConflict, "AlreadyExists", "%s %q already exists", c.plural(), c.name)
	}
	meta["uid"], meta["creationTimestamp"] = c.sb.newUUID(), c.time.UTC().Format(time.RFC3339)
	if c.namespace != "" {
		meta["namespace"] = c.namespace
	}
	object["metadata"] = meta
	return c.keep(object), nil
}

// keep stores the object under a new version.
func (c *kubeCall) keep(object kubeObject) kubeObject {
	all := c.objects()
	all.version++
	object.metadata()["resourceVersion"] = strconv.Itoa(all.version)
	all.all[c.key()] = object
	return object
}
