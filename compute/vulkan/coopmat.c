#include "compute/vulkan/coopmat.h"

#include <stdint.h>

#include "compute/vulkan/shaders.h"

/* The numbers of the registry: enumerators of old headers have no names for them. */
enum {
    TYPE_FEATURES = 1000506000,
    TYPE_PROPERTIES = 1000506001,
    COMPONENT_FLOAT16 = 0,
    COMPONENT_FLOAT32 = 1,
    SCOPE_SUBGROUP = 3,
    MAX_SHAPES = 64,
};

VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat_features(void)
{
    return (VkPhysicalDeviceCooperativeMatrixFeaturesKHR){.sType = (VkStructureType)TYPE_FEATURES,
                                                          .cooperativeMatrix = VK_TRUE};
}

static bool feature_is_there(VkPhysicalDevice physical)
{
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat = {.sType = (VkStructureType)TYPE_FEATURES};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &coopmat};
    vkGetPhysicalDeviceFeatures2(physical, &features);
    return coopmat.cooperativeMatrix;
}

bool coopmat_supported(VkInstance instance, VkPhysicalDevice physical)
{
    if (!feature_is_there(physical)) return false;
    PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR shapes =
        (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)vkGetInstanceProcAddr(
            instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
    if (!shapes) return false;
    VkCooperativeMatrixPropertiesKHR list[MAX_SHAPES];
    for (int i = 0; i < MAX_SHAPES; i++)
        list[i] = (VkCooperativeMatrixPropertiesKHR){.sType = (VkStructureType)TYPE_PROPERTIES};
    uint32_t n = MAX_SHAPES;
    VkResult r = shapes(physical, &n, list);
    if (r != VK_SUCCESS && r != VK_INCOMPLETE) return false;
    for (uint32_t i = 0; i < n; i++) {
        const VkCooperativeMatrixPropertiesKHR *s = &list[i];
        if (s->MSize == COOPMAT_SIZE && s->NSize == COOPMAT_SIZE && s->KSize == COOPMAT_SIZE &&
            (int)s->AType == COMPONENT_FLOAT16 && (int)s->BType == COMPONENT_FLOAT16 &&
            (int)s->CType == COMPONENT_FLOAT32 && (int)s->ResultType == COMPONENT_FLOAT32 &&
            (int)s->scope == SCOPE_SUBGROUP)
            return true;
    }
    return false;
}
