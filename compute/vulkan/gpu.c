#include "compute/vulkan/gpu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/vulkan/coopmat.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of volk's global functions */
static VkInstance instance;
static VkDebugUtilsMessengerEXT messenger; /* VK_NULL_HANDLE where nobody validates */
static unsigned n_messages;
static char first_message[1024];

const char *gpu_tier_name(enum gpu_tier tier)
{
    static const char *const names[] = {"fp32", "fp16", "coopmat"};
    return names[tier];
}

int gpu_error(struct error *e, const char *what, VkResult result)
{
    const char *name = "an unexpected result";
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        name = "out of host memory";
        break;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        name = "out of device memory";
        break;
    case VK_ERROR_INITIALIZATION_FAILED:
        name = "initialisation failed";
        break;
    case VK_ERROR_DEVICE_LOST:
        name = "device lost";
        break;
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        name = "extension not present";
        break;
    case VK_ERROR_FEATURE_NOT_PRESENT:
        name = "feature not present";
        break;
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        name = "no driver";
        break;
    case VK_ERROR_TOO_MANY_OBJECTS:
        name = "too many objects";
        break;
    case VK_TIMEOUT:
        name = "timeout";
        break;
    default:
        break;
    }
    const enum error_kind kind = result == VK_ERROR_OUT_OF_HOST_MEMORY ? ERROR_MEMORY : ERROR_DEVICE;
    return error_set_kind(e, kind, "Vulkan: %s: %s (%d)", what, name, (int)result);
}

unsigned gpu_messages(char *first, size_t size)
{
    pthread_mutex_lock(&lock);
    unsigned n = n_messages;
    if (size) snprintf(first, size, "%s", first_message);
    pthread_mutex_unlock(&lock);
    return n;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    (void)severity, (void)user;
    if (!(types & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)) return VK_FALSE;
    pthread_mutex_lock(&lock);
    if (n_messages++ == 0) snprintf(first_message, sizeof first_message, "%s", data->pMessage);
    pthread_mutex_unlock(&lock);
    return VK_FALSE;
}

static bool has_extension(const VkExtensionProperties *list, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(list[i].extensionName, name) == 0) return true;
    return false;
}

static bool instance_has_debug_utils(void)
{
    uint32_t n = 0;
    if (vkEnumerateInstanceExtensionProperties(NULL, &n, NULL) != VK_SUCCESS || n == 0) return false;
    VkExtensionProperties *list = calloc(n, sizeof *list);
    bool has = list && vkEnumerateInstanceExtensionProperties(NULL, &n, list) == VK_SUCCESS &&
               has_extension(list, n, VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    free(list);
    return has;
}

void gpu_loader(char *out, size_t size)
{
    if (volkInitialize() != VK_SUCCESS) {
        snprintf(out, size, "no loader (libvulkan.so.1) here");
        return;
    }
    const uint32_t v = volkGetInstanceVersion();
    snprintf(out, size, "loader %u.%u.%u", VK_API_VERSION_MAJOR(v), VK_API_VERSION_MINOR(v), VK_API_VERSION_PATCH(v));
}

/* Under the lock. */
static int instance_create(struct error *e)
{
    if (volkInitialize() != VK_SUCCESS)
        return error_set_kind(e, ERROR_DEVICE, "Vulkan: no loader (libvulkan.so.1) here");
    if (volkGetInstanceVersion() < VK_API_VERSION_1_2)
        return error_set_kind(e, ERROR_DEVICE, "Vulkan: the loader is older than 1.2");
    bool debug = instance_has_debug_utils();
    const char *const extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
    VkDebugUtilsMessengerCreateInfoEXT listen = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message,
    };
    VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "lectern", .apiVersion = VK_API_VERSION_1_2};
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = debug ? &listen : NULL,
        .pApplicationInfo = &app,
        .enabledExtensionCount = debug,
        .ppEnabledExtensionNames = extensions,
    };
    VkInstance new;
    VkResult r = vkCreateInstance(&info, NULL, &new);
    if (r != VK_SUCCESS) return gpu_error(e, "no instance", r);
    instance = new;
    volkLoadInstanceOnly(instance);
    if (debug) vkCreateDebugUtilsMessengerEXT(instance, &listen, NULL, &messenger);
    return 0;
}

/* The program's one instance. It stays to the end: a loader drops its drivers with the last instance, and some drivers
 * cannot be loaded again and again. */
static int instance_open(struct error *e)
{
    pthread_mutex_lock(&lock);
    int status = instance ? 0 : instance_create(e);
    pthread_mutex_unlock(&lock);
    return status;
}

/* All physical devices; the caller frees the list. */
static int physical_list(VkPhysicalDevice **out, uint32_t *n, struct error *e)
{
    VkResult r = vkEnumeratePhysicalDevices(instance, n, NULL);
    if (r != VK_SUCCESS) return gpu_error(e, "the list of devices", r);
    VkPhysicalDevice *list = calloc(*n + 1, sizeof *list);
    if (!list) return error_memory(e);
    r = vkEnumeratePhysicalDevices(instance, n, list);
    if (r != VK_SUCCESS) {
        free(list);
        return gpu_error(e, "the list of devices", r);
    }
    *out = list;
    return 0;
}

/* A queue family for compute: one without graphics where there is one. */
static bool find_family(VkPhysicalDevice physical, struct gpu_caps *caps)
{
    VkQueueFamilyProperties families[32];
    uint32_t n = 32;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &n, families);
    bool found = false;
    for (uint32_t i = 0; i < n; i++) {
        if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)) continue;
        if (found && (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)) continue;
        found = true;
        caps->family = i;
        if (families[i].timestampValidBits < 36) caps->timestamp_ns = 0;
        if (!(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)) break;
    }
    return found;
}

static void find_memory(VkPhysicalDevice physical, struct gpu_caps *caps)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 memory = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                                .pNext = caps->memory_budget ? &budget : NULL};
    vkGetPhysicalDeviceMemoryProperties2(physical, &memory);
    const VkPhysicalDeviceMemoryProperties *m = &memory.memoryProperties;
    for (uint32_t i = 0; i < m->memoryTypeCount; i++) {
        if (!(m->memoryTypes[i].propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)) continue;
        uint32_t heap = m->memoryTypes[i].heapIndex;
        uint64_t bytes = caps->memory_budget ? budget.heapBudget[heap] : m->memoryHeaps[heap].size;
        bytes = bytes / 10 * 9; /* the rest is the driver's and the screen's */
        if (bytes <= caps->memory) continue;
        caps->memory = bytes;
        caps->memory_type = i;
    }
}

/* Can every compute pipeline be made with the subgroup size that the device reports? */
static bool find_size_control(VkPhysicalDevice physical, uint32_t subgroup_size)
{
    enum { MOST_INVOCATIONS = 256 }; /* of our workgroups */
    VkPhysicalDeviceSubgroupSizeControlFeaturesEXT feature = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &feature};
    vkGetPhysicalDeviceFeatures2(physical, &features);
    VkPhysicalDeviceSubgroupSizeControlPropertiesEXT size = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &size};
    vkGetPhysicalDeviceProperties2(physical, &properties);
    return feature.subgroupSizeControl && (size.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
           size.minSubgroupSize <= subgroup_size && subgroup_size <= size.maxSubgroupSize &&
           size.maxComputeWorkgroupSubgroups * subgroup_size >= MOST_INVOCATIONS;
}

static void find_extensions(VkPhysicalDevice physical, bool *push, struct gpu_caps *caps)
{
    uint32_t n = 0;
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &n, NULL) != VK_SUCCESS || n == 0) return;
    VkExtensionProperties *list = calloc(n, sizeof *list);
    if (list && vkEnumerateDeviceExtensionProperties(physical, NULL, &n, list) == VK_SUCCESS) {
        *push = has_extension(list, n, VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME);
        caps->memory_budget = has_extension(list, n, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
        caps->coopmat = has_extension(list, n, COOPMAT_EXTENSION_NAME);
        caps->subgroup_size_control = has_extension(list, n, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME) &&
                                      find_size_control(physical, caps->subgroup_size);
    }
    free(list);
}

/* What the back end cannot do without; NULL if all is there. */
static const char *find_missing(const VkPhysicalDeviceProperties *p, const VkPhysicalDeviceSubgroupProperties *subgroup,
                                const VkPhysicalDeviceVulkan12Features *features, bool push,
                                const struct gpu_caps *caps)
{
    const VkSubgroupFeatureFlags operations =
        VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
    if (p->apiVersion < VK_API_VERSION_1_2) return "Vulkan 1.2";
    if (!push) return VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME;
    if (!features->timelineSemaphore) return "timeline semaphores";
    if ((subgroup->supportedOperations & operations) != operations || subgroup->subgroupSize < 8 ||
        subgroup->subgroupSize > 64 || !(subgroup->supportedStages & VK_SHADER_STAGE_COMPUTE_BIT))
        return "subgroups of 8 to 64 with arithmetic and shuffles";
    if (caps->memory == 0) return "device-local memory";
    return NULL;
}

static void caps_read(VkPhysicalDevice physical, struct gpu_caps *caps)
{
    *caps = (struct gpu_caps){0};
    VkPhysicalDeviceDriverProperties driver = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceSubgroupProperties subgroup = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
                                                   .pNext = &driver};
    VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                              .pNext = &subgroup};
    vkGetPhysicalDeviceProperties2(physical, &properties);
    const VkPhysicalDeviceProperties *p = &properties.properties;
    snprintf(caps->name, sizeof caps->name, "%.*s", (int)sizeof p->deviceName, p->deviceName);
    caps->software = p->deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    snprintf(caps->driver, sizeof caps->driver, "%.80s %.80s", driver.driverName, driver.driverInfo);
    caps->vendor = p->vendorID;
    caps->device = p->deviceID;
    caps->driver_version = p->driverVersion;
    memcpy(caps->cache_uuid, p->pipelineCacheUUID, sizeof caps->cache_uuid);
    caps->subgroup_size = subgroup.subgroupSize;
    caps->shared_bytes = p->limits.maxComputeSharedMemorySize;
    caps->max_invocations = p->limits.maxComputeWorkGroupInvocations;
    memcpy(caps->max_groups, p->limits.maxComputeWorkGroupCount, sizeof caps->max_groups);
    caps->max_range = p->limits.maxStorageBufferRange;
    caps->storage_alignment = p->limits.minStorageBufferOffsetAlignment;
    caps->timestamp_ns = (double)p->limits.timestampPeriod;

    VkPhysicalDeviceVulkan11Features v11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
    VkPhysicalDeviceVulkan12Features v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                            .pNext = &v11};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &v12};
    if (p->apiVersion >= VK_API_VERSION_1_2) vkGetPhysicalDeviceFeatures2(physical, &features);
    caps->fp16 = v12.shaderFloat16 && v11.storageBuffer16BitAccess;
    bool push = false;
    find_extensions(physical, &push, caps);
    if (caps->coopmat)
        caps->coopmat = caps->fp16 && v12.vulkanMemoryModel && subgroup.subgroupSize >= COOPMAT_SIZE &&
                        coopmat_supported(instance, physical);
    find_memory(physical, caps);
    const char *missing = find_missing(p, &subgroup, &v12, push, caps);
    if (!missing && !find_family(physical, caps)) missing = "a compute queue";
    caps->usable = !missing;
    if (missing) snprintf(caps->missing, sizeof caps->missing, "%s", missing);
}

/* A higher number is a better kind of device. */
static int device_preference(VkPhysicalDevice physical)
{
    VkPhysicalDeviceProperties p;
    vkGetPhysicalDeviceProperties(physical, &p);
    switch (p.deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    case VK_PHYSICAL_DEVICE_TYPE_OTHER:
        return 1;
    default:
        return 0;
    }
}

/* The device of that index, or the best. */
static int choose(const VkPhysicalDevice *list, uint32_t n, size_t index, bool hardware, VkPhysicalDevice *out,
                  struct gpu_caps *caps, struct error *e)
{
    if (index != SIZE_MAX) {
        if (index >= n)
            return error_set_kind(e, ERROR_DEVICE, "vulkan:%zu: there are %u Vulkan devices here", index, n);
        caps_read(list[index], caps);
        if (!caps->usable)
            return error_set_kind(e, ERROR_DEVICE, "vulkan:%zu: %s lacks %s", index, caps->name, caps->missing);
        caps->index = index;
        *out = list[index];
        return 0;
    }
    int best = -1;
    for (uint32_t i = 0; i < n; i++) {
        struct gpu_caps c;
        caps_read(list[i], &c);
        int preference = device_preference(list[i]);
        bool better = preference > best || (preference == best && c.memory > caps->memory);
        if (!c.usable || (hardware && c.software) || !better) continue;
        best = preference;
        *caps = c;
        caps->index = i;
        *out = list[i];
    }
    if (best < 0)
        return error_set_kind(e, ERROR_DEVICE, "Vulkan: no %s among %u devices", hardware ? "GPU" : "usable device", n);
    return 0;
}

static int device_create(struct gpu *g, struct error *e)
{
    const char *extensions[5] = {VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME};
    uint32_t n = 1;
    if (g->caps.memory_budget) extensions[n++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat = coopmat_features();
    if (g->caps.coopmat) extensions[n++] = COOPMAT_EXTENSION_NAME;
    VkPhysicalDeviceSubgroupSizeControlFeaturesEXT size = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT,
        .pNext = g->caps.coopmat ? &coopmat : NULL,
        .subgroupSizeControl = VK_TRUE,
    };
    if (g->caps.subgroup_size_control) extensions[n++] = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
        .pNext = g->caps.subgroup_size_control ? &size : size.pNext,
        .storageBuffer16BitAccess = g->caps.fp16,
    };
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = &v11,
        .timelineSemaphore = VK_TRUE,
        .shaderFloat16 = g->caps.fp16,
        .vulkanMemoryModel = g->caps.coopmat,
    };
    float priority = 1;
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = g->caps.family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &v12,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = n,
        .ppEnabledExtensionNames = extensions,
    };
    VkResult r = vkCreateDevice(g->physical, &info, NULL, &g->device);
    if (r != VK_SUCCESS) return gpu_error(e, g->caps.name, r);
    volkLoadDeviceTable(&g->vk, g->device);
    g->vk.vkGetDeviceQueue(g->device, g->caps.family, 0, &g->queue);
    gpu_name(g, VK_OBJECT_TYPE_QUEUE, (uint64_t)(uintptr_t)g->queue, "compute");
    return 0;
}

size_t gpu_count(void)
{
    uint32_t n = 0;
    if (instance_open(NULL) != 0 || vkEnumeratePhysicalDevices(instance, &n, NULL) != VK_SUCCESS) return 0;
    return n;
}

int gpu_describe(size_t index, struct gpu_caps *caps, struct error *e)
{
    VkPhysicalDevice *list = NULL;
    uint32_t n = 0;
    if (instance_open(e) != 0 || physical_list(&list, &n, e) != 0) return -1;
    if (index < n) caps_read(list[index], caps);
    free(list);
    return index < n ? 0 : error_set_kind(e, ERROR_DEVICE, "vulkan:%zu: there are %u Vulkan devices here", index, n);
}

int gpu_open(struct gpu **out, size_t index, bool hardware, struct error *e)
{
    VkPhysicalDevice *list;
    uint32_t n;
    if (instance_open(e) != 0 || physical_list(&list, &n, e) != 0) return -1;
    struct gpu *g = calloc(1, sizeof *g);
    int status = g ? choose(list, n, index, hardware, &g->physical, &g->caps, e) : error_memory(e);
    free(list);
    if (status != 0 || device_create(g, e) != 0) {
        gpu_close(g);
        return -1;
    }
    *out = g;
    return 0;
}

void gpu_close(struct gpu *g)
{
    if (!g) return;
    if (g->device) g->vk.vkDestroyDevice(g->device, NULL);
    free(g);
}

void gpu_name(const struct gpu *g, VkObjectType type, uint64_t handle, const char *name)
{
    if (!messenger || !vkSetDebugUtilsObjectNameEXT) return;
    VkDebugUtilsObjectNameInfoEXT info = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                                          .objectType = type,
                                          .objectHandle = handle,
                                          .pObjectName = name};
    vkSetDebugUtilsObjectNameEXT(g->device, &info);
}
