package sandbox

import (
	"encoding/json"
	"mime"
	"net/http"
)

// patchKube takes a merge patch
// (https://www.rfc-editor.org/rfc/rfc7386). A uid in it has to be the object's,
// and so has a resourceVersion.
func (c *kubeCall) patchKube(object kubeObject) (any, error) {
	if media, _, err := mime.ParseMediaType(c.kind); err != nil || media != "application/merge-patch+json" {
		return nil, kubeFailure(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types include: application/merge-patch+json")
	}
	patch := kubeObject{}
	if err := c.decodeKube(&patch); err != nil {
		return nil, err
	}
	old, wanted := object.metadata(), patch.metadata()
	if v, given := wanted["resourceVersion"]; given && v != old["resourceVersion"] {
		return nil, kubeFailure(http.StatusConflict, "Conflict",
			"Operation cannot be fulfilled on %s %q: the object has been modified; please apply your changes to the latest version and try again", c.plural(), c.name)
	}
	for _, fixed := range []string{"uid", "name", "namespace"} {
		if v, given := wanted[fixed]; given && v != old[fixed] {
			return nil, kubeFailure(http.StatusUnprocessableEntity, "Invalid", "%s %q is invalid: metadata.%s: Invalid value: %q: field is immutable", c.resource.kind, c.name, fixed, v)
		}
	}
	merged, _ := mergeJSON(map[string]any(copyJSON(object)), map[string]any(patch)).(map[string]any)
	if labels, _ := kubeObject(merged).metadata()["labels"].(map[string]any); len(labels) == 0 {
		delete(kubeObject(merged).metadata(), "labels")
	}
	return c.keep(merged), nil
}

// mergeJSON is the target with the patch merged into it; the target is changed.
func mergeJSON(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out, ok := target.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = mergeJSON(out[name], value)
	}
	return out
}

// copyJSON copies an object deeply.
func copyJSON(o kubeObject) kubeObject {
	out := kubeObject{}
	if raw, err := json.Marshal(o); err != nil || json.Unmarshal(raw, &out) != nil {
		panic("sandbox: an object that came as JSON is none")
	}
	return out
}

// deleteKube takes the preconditions of the options.
func (c *kubeCall) deleteKube(object kubeObject) (any, error) {
	var options struct{ Preconditions map[string]any }
	if len(c.body) > 0 {
		if err := c.decodeKube(&options); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"uid", "resourceVersion"} {
		if want, have := options.Preconditions[name], object.metadata()[name]; want != nil && want != have {
			return nil, kubeFailure(http.StatusConflict, "Conflict",
				"Operation cannot be fulfilled on %s %q: Precondition failed: %s in precondition: %v, in object meta: %v", c.plural(), c.name, name, want, have)
		}
	}
	delete(c.objects().all, c.key())
	return map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Success"}, nil
}
