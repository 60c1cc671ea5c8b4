/* VK_KHR_cooperative_matrix: what Vulkan headers before 1.3.255 lack, and whether a device has the one shape that the
 * shaders use. */
#ifndef LECTERN_COOPMAT_H
#define LECTERN_COOPMAT_H

#include <stdbool.h>

#include <volk.h>

#ifndef VK_KHR_cooperative_matrix
#define VK_KHR_cooperative_matrix 1
typedef struct VkPhysicalDeviceCooperativeMatrixFeaturesKHR {
    VkStructureType sType;
    void *pNext;
    VkBool32 cooperativeMatrix;
    VkBool32 cooperativeMatrixRobustBufferAccess;
} VkPhysicalDeviceCooperativeMatrixFeaturesKHR;

typedef struct VkCooperativeMatrixPropertiesKHR {
    VkStructureType sType;
    void *pNext;
    uint32_t MSize, NSize, KSize;
    int AType, BType, CType, ResultType; /* VkComponentTypeKHR */
    VkBool32 saturatingAccumulation;
    int scope; /* VkScopeKHR */
} VkCooperativeMatrixPropertiesKHR;

typedef VkResult(VKAPI_PTR *PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)(VkPhysicalDevice, uint32_t *,
                                                                                   VkCooperativeMatrixPropertiesKHR *);
#endif

#define COOPMAT_EXTENSION_NAME "VK_KHR_cooperative_matrix"

/* Of the shaders: 16 x 16 x 16, float16 times float16 into float32, by a subgroup. */
enum { COOPMAT_SIZE = 16 };

/* To be chained into the device's creation: cooperativeMatrix switched on. */
VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat_features(void);

/* Only of devices with the extension, and only in programs built with the shaders for it. */
bool coopmat_supported(VkInstance instance, VkPhysicalDevice physical);

#endif
