// Package shim gives access to the upstream provider, which is an internal
// package: only a path below its own may import it.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	upstream "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// NewProvider makes the upstream random provider.
func NewProvider() provider.Provider {
	return upstream.New()
}
